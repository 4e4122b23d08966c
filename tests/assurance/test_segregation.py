"""Random tries to sign what one may not sign: none succeeds, each is on record."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from records.errors import Refusal
from records.models import Event
from signatures import ceremonies
from signatures.ceremonies import open_ceremony
from signatures.models import Ceremony, Signature
from signatures.signing import Credentials, complete_ceremony
from tests.papers.models import Paper
from tests.people import Person
from tests.signatures.papers import open_for, reread, sign, submitted_paper
from tests.sizes import choose_size

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(g)", "11.200(a)(2)"), pytest.mark.assurance("A6")]

TRIES = choose_size(small=40, full=500)


@dataclass
class Stage:
    """Papers and people among whom to cheat."""

    chance: random.Random
    everything: Person
    administrator: Person
    officer: Person
    operator: Person
    own: Paper
    half_signed: Paper
    page_of_reviewer: Ceremony

    def session(self) -> str:
        """Return one of several sessions at once."""
        return f"session-{self.chance.randrange(3)}"

    def opens(self, person: Person, paper: Paper) -> Callable[[], object]:
        """Return a try to open the approval of a paper."""
        return lambda: open_ceremony(reread(paper), "approve", actor=person.actor(session=self.session()))

    def uses_page(self, person: Person, username: str = "") -> Callable[[], object]:
        """Return a try to sign on the reviewer's page with one's own components."""
        typed = Credentials(person.password, "123456", username)
        return lambda: complete_ceremony(self.page_of_reviewer, actor=person.actor(), credentials=typed)

    def tries(self) -> dict[str, Callable[[], object]]:
        """Return every way to cheat."""
        return {
            "author signs own work": self.opens(self.everything, self.own),
            "one person takes both seats": self.opens(self.everything, self.half_signed),
            "administrator signs": self.opens(self.administrator, self.half_signed),
            "security officer signs": self.opens(self.officer, self.own),
            "operator signs without the role": self.opens(self.operator, self.half_signed),
            "administrator uses another's page": self.uses_page(self.administrator),
            "administrator uses another's page and name": self.uses_page(self.administrator, "reviewer"),
            "colleague uses another's page": self.uses_page(self.everything),
        }


def test_no_random_try_against_the_separation_of_duties_succeeds(crew, randomly_seeded):
    everything = crew.add("everything", "operator", "reviewer", "qa_manager")
    reviewer, operator = crew.add("reviewer", "reviewer"), crew.add("operator", "operator")
    own, half_signed = submitted_paper(everything), submitted_paper(operator)
    sign(everything, half_signed)
    stage = Stage(
        random.Random(randomly_seeded),
        everything,
        crew.administrator,
        crew.security_officer,
        operator,
        own,
        half_signed,
        open_for(reviewer, own),
    )
    tries = stage.tries()
    before = Signature.objects.count()
    for _ in range(TRIES):
        name = stage.chance.choice(sorted(tries))
        events = Event.objects.count()
        with pytest.raises(Refusal):
            tries[name]()
        assert Event.objects.count() == events + 1, name
    assert Signature.objects.count() == before
    assert sign(reviewer, own).username == "reviewer", "none of it locked out the one who may"


def test_negative_control_without_the_policy_the_author_gets_the_page(crew, monkeypatch):
    everything = crew.add("everything", "operator", "reviewer", "qa_manager")
    own = submitted_paper(everything)
    monkeypatch.setattr(ceremonies, "choose_seat", lambda route, facts: route.seats[0])
    assert open_ceremony(own, "approve", actor=everything.actor()).state == "open"
