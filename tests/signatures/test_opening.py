"""Opening a ceremony: every reason against signing is named before a credential is asked."""

import pytest

from records.errors import Refusal, RoleNotAllowed, TransitionNotAllowed
from records.evidence import system_actor
from records.models import Event
from signatures import errors
from signatures.ceremonies import CEREMONY_MINUTES, open_ceremony
from signatures.errors_authentication import IdentityNotChecked
from signatures.models import Ceremony
from tests.papers.workflow import PaperUnfinished, add_note
from tests.signatures.papers import (
    approved_paper,
    decline,
    edit,
    open_for,
    reread,
    sign,
    submit,
    submitted_paper,
    write_paper,
)

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(f)", "11.10(g)")]


def refusal_of(person, paper, action="approve"):
    """Return the refusal that opening meets, having checked that its event is there."""
    with pytest.raises(Refusal) as caught:
        open_for(person, paper, action)
    event = Event.objects.filter(act="signatures.ceremony.refused", record_id=paper.pk).latest("id")
    assert (event.actor_id, event.details["code"]) == (person.user.pk, caught.value.code)
    assert not Ceremony.objects.filter(signer=person.user, record_id=paper.pk, state="open").exists()
    return caught.value


def test_a_ceremony_freezes_the_version_that_is_shown(author, reviewer):
    paper = submitted_paper(author, body="First words.")
    ceremony = open_for(reviewer, paper)
    assert (ceremony.meaning, ceremony.seat, ceremony.role) == ("review", "review", "reviewer")
    assert ceremony.version == paper.versions.get()
    assert (ceremony.expires_at - ceremony.opened_at).total_seconds() == pytest.approx(CEREMONY_MINUTES * 60, abs=5)
    event = Event.objects.get(act="signatures.ceremony.opened")
    assert event.details["content_hash"] == ceremony.version.content_hash


def test_opening_again_returns_the_open_ceremony(author, reviewer):
    paper = submitted_paper(author)
    assert open_for(reviewer, paper).pk == open_for(reviewer, paper).pk
    assert Event.objects.filter(act="signatures.ceremony.opened").count() == 1


def test_opening_after_a_change_closes_the_old_page_and_freezes_anew(author, reviewer):
    paper = submitted_paper(author)
    old = open_for(reviewer, paper)
    edit(paper, author, body="Changed words.")
    new = open_for(reviewer, paper)
    old.refresh_from_db()
    assert (old.state, new.version.number) == ("cancelled", 2)


def test_another_session_of_the_same_person_gets_a_page_of_its_own(author, reviewer):
    paper = submitted_paper(author)
    first = open_for(reviewer, paper)
    second = open_ceremony(paper, "approve", actor=reviewer.actor(session="another"))
    first.refresh_from_db()
    assert second.pk != first.pk
    assert first.state == "cancelled"


def test_the_author_may_not_sign(author, crew):
    crew_author = crew.add("both", "operator", "reviewer")
    paper = submitted_paper(crew_author)
    assert isinstance(refusal_of(crew_author, paper), errors.SignerIsAuthor)


def test_an_action_that_the_state_does_not_allow_cannot_be_signed(author, reviewer):
    draft = write_paper(author)
    assert isinstance(refusal_of(reviewer, draft), TransitionNotAllowed)


def test_a_person_without_a_role_of_the_route_may_not_sign(author, operator):
    assert isinstance(refusal_of(operator, submitted_paper(author)), RoleNotAllowed)


def test_a_guard_of_the_record_is_asked_first(author, reviewer):
    paper = submitted_paper(author, body="unfinished business")
    assert isinstance(refusal_of(reviewer, paper), PaperUnfinished)


def test_an_unsigned_action_opens_no_ceremony(author, reviewer):
    assert isinstance(refusal_of(reviewer, submitted_paper(author), "return"), errors.ActionNeedsNoSignature)


@pytest.mark.clause("11.100(b)")
def test_a_person_whose_identity_nobody_checked_may_not_sign(author, crew):
    unchecked = crew.add("unchecked", "reviewer", can_sign=False)
    assert isinstance(refusal_of(unchecked, submitted_paper(author)), IdentityNotChecked)


@pytest.mark.clause("11.200(a)(2)")
def test_the_software_and_tokens_never_sign(author, reviewer):
    paper = submitted_paper(author)
    with pytest.raises(errors.SignerIsNotAPerson):
        open_ceremony(paper, "approve", actor=system_actor("inference"))
    with pytest.raises(errors.SigningNeedsSession):
        open_ceremony(paper, "approve", actor=reviewer.actor(session=""))


def test_one_person_does_not_fill_two_seats(author, crew):
    both = crew.add("both", "reviewer", "qa_manager")
    paper = submitted_paper(author)
    sign(both, paper)
    assert isinstance(refusal_of(both, paper), errors.SignerHoldsSeat)


def test_the_second_seat_waits_for_the_first(author, qa_manager):
    assert isinstance(refusal_of(qa_manager, submitted_paper(author)), errors.SeatNeedsRole)


def test_whoever_approved_may_not_do_the_independent_check(author, reviewer, qa_manager, second_qa_manager):
    paper = approved_paper(author, reviewer, qa_manager)
    assert isinstance(refusal_of(qa_manager, paper, "check"), errors.SignerSignedEarlier)
    assert open_for(second_qa_manager, paper, "check").meaning == "verification"


def test_whoever_worked_on_the_record_may_not_do_the_independent_check(author, reviewer, qa_manager, second_qa_manager):
    paper = submitted_paper(author)
    add_note(paper, actor=second_qa_manager.actor(), text="a helping hand")
    sign(reviewer, paper)
    sign(qa_manager, paper)
    assert isinstance(refusal_of(second_qa_manager, reread(paper), "check"), errors.SignerActedOnRecord)


def test_a_declined_version_must_be_changed_before_it_is_signed(author, reviewer):
    paper = submitted_paper(author)
    decline(open_for(reviewer, paper), reviewer, reason="The yield is missing.")
    again = submit(reread(paper), author)
    assert isinstance(refusal_of(reviewer, again), errors.VersionWasDeclined)
    edit(again, author, body="With the yield.")
    assert open_for(reviewer, reread(again)).version.number == 2
