"""A clock that jumps while people sign: the order stays, the jump is recorded, a code counts once all the same."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
import time_machine

from records.clock import now
from records.models import Event
from signatures.checklist import verify_stored_signature
from signatures.clocks import check_clocks
from signatures.errors_authentication import CodeAlreadyUsed, CredentialsRefused
from signatures.models import Signature
from tests.people import Person
from tests.signatures.papers import complete, open_for, sign, submitted_paper
from tests.sizes import choose_size

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(e)", "11.200(a)(1)"), pytest.mark.assurance("E8")]

HOUR = dt.timedelta(hours=1)
LATER = 2 * HOUR
"""The people of the test got their roles just now: around this time a jump back still finds them in their roles."""

JUMPS = (HOUR, -HOUR, dt.timedelta(seconds=-90), dt.timedelta(seconds=90), dt.timedelta(0))
SIGNINGS = choose_size(small=10, full=200)


def test_signings_around_jumps_stay_in_order_and_each_code_counts_once(author: Person, reviewer: Person):
    start = now() + LATER
    made = []
    for number, jump in enumerate(itertools.islice(itertools.cycle(JUMPS), SIGNINGS)):
        with time_machine.travel(start + jump):
            made.append(sign(reviewer, submitted_paper(author, title=f"Paper {number}")).pk)
            again = open_for(reviewer, submitted_paper(author, title=f"Paper {number}, again"))
            with pytest.raises(CodeAlreadyUsed):
                complete(again, reviewer, code=reviewer.used_code())
            sign(reviewer, submitted_paper(author, title=f"Paper {number}, after the refused code"))
    # The database's clock and sequence know nothing of the jumps; what the application saw stands beside them.
    events = list(Event.objects.order_by("id").values_list("at", "app_at"))
    assert all(one[0] <= later[0] for one, later in itertools.pairwise(events))
    assert any(one[1] > later[1] for one, later in itertools.pairwise(events)), "the clock did not jump"
    assert made == sorted(made)
    assert Signature.objects.count() == 2 * SIGNINGS
    assert all(verify_stored_signature(signature).bottom_line for signature in Signature.objects.all())


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_code_that_was_used_before_a_jump_is_refused_after_it(author: Person, reviewer: Person, jump: dt.timedelta):
    start = now() + LATER
    with time_machine.travel(start):
        sign(reviewer, submitted_paper(author))
        used = reviewer.used_code()
    # Out of the window it is a wrong code; back in it, it is still the used one.
    for at, refusal in ((start + jump, CredentialsRefused), (start, CodeAlreadyUsed)):
        with time_machine.travel(at):
            ceremony = open_for(reviewer, submitted_paper(author))
            with pytest.raises(refusal):
                complete(ceremony, reviewer, code=used)
    assert Signature.objects.count() == 1


def test_the_jump_itself_is_an_event_with_its_size():
    with time_machine.travel(now() - HOUR):
        check_clocks()
    assert abs(float(Event.objects.get(act="records.clock.disagreed").details["seconds"]) + 3600) < 5
