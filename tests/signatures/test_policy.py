"""Who may take which seat of a route."""

import dataclasses

import pytest

from signatures import errors
from signatures.policy import Decline, EarlierSignature, SigningFacts, choose_seat, is_complete, role_for
from signatures.routes import Route, Seat, TakenSeat

pytestmark = [pytest.mark.clause("11.10(f)", "11.10(g)"), pytest.mark.assurance("A6")]

AUTHOR, REVIEWER, QUALITY, OTHER = 1, 2, 3, 4
ROUTE = Route(
    name="approval",
    seats=(
        Seat("review", ("reviewer", "qa_manager"), "review", "reviewer"),
        Seat("quality", ("qa_manager",), "approval", "QA manager"),
    ),
    apart_from=("draft_review",),
)
REVIEWED = (TakenSeat("review", REVIEWER),)


def facts(**changes) -> SigningFacts:
    plain = SigningFacts(
        number="TP-2026-0001",
        version=3,
        action="Approve",
        signer_id=REVIEWER,
        roles=frozenset({"reviewer"}),
        author_id=AUTHOR,
    )
    return dataclasses.replace(plain, **changes)


def test_the_first_free_seat_is_the_one_to_sign():
    assert choose_seat(ROUTE, facts()).name == "review"
    quality = facts(signer_id=QUALITY, roles=frozenset({"qa_manager"}), taken=REVIEWED)
    assert choose_seat(ROUTE, quality).name == "quality"


def test_seats_are_taken_in_their_order():
    only_quality = Route(name="r", seats=(Seat("review", ("reviewer",), "review", "reviewer"), ROUTE.seats[1]))
    with pytest.raises(errors.SeatNeedsRole, match="the reviewer, which needs the role reviewer"):
        choose_seat(only_quality, facts(signer_id=QUALITY, roles=frozenset({"qa_manager"})))


def test_a_complete_route_takes_no_more_signatures():
    both = (*REVIEWED, TakenSeat("quality", QUALITY))
    assert is_complete(ROUTE, both)
    with pytest.raises(errors.RouteComplete):
        choose_seat(ROUTE, facts(signer_id=OTHER, taken=both))


def test_the_author_never_signs_their_own_work():
    with pytest.raises(errors.SignerIsAuthor):
        choose_seat(ROUTE, facts(author_id=REVIEWER))


def test_a_route_may_let_the_author_sign_as_author():
    own = dataclasses.replace(ROUTE, author_excluded=False)
    assert choose_seat(own, facts(author_id=REVIEWER)).name == "review"


def test_one_person_never_fills_two_seats_even_with_both_roles():
    both_roles = frozenset({"reviewer", "qa_manager"})
    with pytest.raises(errors.SignerHoldsSeat):
        choose_seat(ROUTE, facts(roles=both_roles, taken=REVIEWED))


def test_whoever_signed_a_step_that_the_route_names_stands_apart():
    earlier = (EarlierSignature("draft_review", "Review the draft", REVIEWER),)
    with pytest.raises(errors.SignerSignedEarlier, match="Review the draft"):
        choose_seat(ROUTE, facts(earlier=earlier))


def test_a_signature_at_a_step_that_the_route_does_not_name_is_no_bar():
    earlier = (EarlierSignature("hold", "Hold", REVIEWER),)
    assert choose_seat(ROUTE, facts(earlier=earlier)).name == "review"


def test_an_independent_check_is_not_for_those_who_worked_on_the_record():
    independent = dataclasses.replace(ROUTE, actors_excluded=True)
    with pytest.raises(errors.SignerActedOnRecord):
        choose_seat(independent, facts(has_acted=True))
    assert choose_seat(ROUTE, facts(has_acted=True)).name == "review"


def test_a_declined_version_is_never_signed():
    with pytest.raises(errors.VersionWasDeclined, match="Kim Wu declined version 3"):
        choose_seat(ROUTE, facts(decline=Decline("Kim Wu", "S-2026-0009")))


def test_a_signer_without_a_role_is_told_which_one_is_needed():
    with pytest.raises(errors.SeatNeedsRole, match="reviewer or qa manager"):
        choose_seat(ROUTE, facts(roles=frozenset({"administrator", "security_officer", "operator"})))


def test_the_role_of_a_signature_is_one_that_the_seat_asks_for():
    assert role_for(ROUTE.seats[0], frozenset({"qa_manager", "operator"})) == "qa_manager"
