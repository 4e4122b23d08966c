"""The moment of signing: both components, every time, on the very version that was shown."""

import datetime as dt
import uuid

import pytest
from django.db import transaction

from records.clock import now
from records.differences import Comparison
from records.errors import ReasonMissing, SigningRequired
from records.evidence import Authorisation
from records.models import Event
from records.workflow import perform_transition
from signatures import errors
from signatures.ceremonies import cancel_ceremony, expire_ceremonies, load_ceremony, open_ceremony
from signatures.errors_authentication import CodeAlreadyUsed, CredentialsRefused
from signatures.models import AuthenticationState, Ceremony, Signature
from signatures.signing import Credentials, complete_ceremony
from signatures.statements import parse_statement
from tests.papers.workflow import add_note
from tests.signatures.papers import (
    approved_paper,
    complete,
    decline,
    edit,
    open_for,
    reread,
    sign,
    submit,
    submitted_paper,
)

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.50(a)", "11.70", "11.200(a)(1)")]


@pytest.fixture
def paper(author):
    return submitted_paper(author)


@pytest.fixture
def ceremony(paper, reviewer):
    return open_for(reviewer, paper)


def events(act, paper):
    return list(Event.objects.filter(act=act, record_id=paper.pk).order_by("id"))


def test_the_statement_says_everything_that_is_shown(ceremony, paper, reviewer):
    signature = complete(ceremony, reviewer, reason="Read twice.\r\nNo remarks.")
    statement = parse_statement(bytes(signature.statement))
    assert (statement.record_number, statement.version) == (paper.number, 1)
    assert statement.content_hash == ceremony.version.content_hash
    assert (statement.printed_name, statement.username, statement.role) == ("Rita Berg", "reviewer", "Reviewer")
    assert (statement.meaning, statement.components) == ("review", ("password", "totp"))
    assert statement.reason == "Read twice.\nNo remarks."
    assert statement.ceremony == str(ceremony.pk)
    assert "legally binding equivalent of your handwritten signature" in statement.sentence


def test_each_statement_names_the_signature_before_it(paper, reviewer, qa_manager):
    first = sign(reviewer, paper)
    second = sign(qa_manager, paper)
    assert parse_statement(bytes(first.statement)).previous_signature == ""
    assert len(parse_statement(bytes(second.statement)).previous_signature) == 64


def test_the_signing_and_the_move_are_two_acts_of_the_signer(paper, reviewer, qa_manager):
    sign(reviewer, paper)
    assert events("papers.paper.approved", paper) == []
    second = sign(qa_manager, paper)
    made, moved = events("signatures.signature.made", paper)[-1], events("papers.paper.approved", paper)[0]
    assert made.id < moved.id
    assert (made.actor_name, made.actor_role, made.details["signature"]) == ("Maria Chen", "qa_manager", second.number)
    assert moved.details["signatures"] == [row.number for row in Signature.objects.order_by("id")]


@pytest.mark.parametrize(
    "missing", [{"password": "wrong password 1"}, {"code": "000000"}, {"password": "", "code": ""}]
)
def test_a_wrong_component_signs_nothing_and_is_recorded(ceremony, paper, reviewer, missing):
    with pytest.raises(CredentialsRefused, match="4 tries left"):
        complete(ceremony, reviewer, **missing)
    assert not Signature.objects.exists()
    assert events("signatures.ceremony.failed", paper)[0].details["code"] == "signatures.credentials_refused"
    assert AuthenticationState.objects.get(user=reviewer.user).failures == 1
    assert complete(ceremony, reviewer).meaning == "review"


@pytest.mark.assurance("B3")
def test_a_used_code_signs_nothing(ceremony, reviewer):
    reviewer.actor()
    with pytest.raises(CodeAlreadyUsed):
        complete(ceremony, reviewer, code=reviewer.used_code())
    assert not Signature.objects.exists()


def test_another_persons_components_do_not_sign(ceremony, reviewer, qa_manager):
    with pytest.raises(CredentialsRefused):
        complete(ceremony, reviewer, code=qa_manager.code())
    with pytest.raises(CredentialsRefused):
        complete(ceremony, reviewer, password=qa_manager.password)


@pytest.mark.assurance("B1")
def test_a_record_that_changed_is_not_signed_and_the_difference_is_told(ceremony, paper, author, reviewer):
    edit(paper, author, body="The vials were cloudy.")
    with pytest.raises(errors.RecordChangedSinceShown) as caught:
        complete(ceremony, reviewer)
    comparison = caught.value.facts["comparison"]
    assert isinstance(comparison, Comparison)
    row = comparison.changed[0]
    assert (row.label, row.old, row.new) == ("Body", "The vials were clear.", "The vials were cloudy.")
    ceremony.refresh_from_db()
    assert ceremony.state == "void"
    assert events("signatures.ceremony.voided", paper)[0].details["changed"] == "Body"
    assert not Signature.objects.exists()
    assert sign(reviewer, reread(paper)).version.number == 2


@pytest.mark.assurance("B1")
def test_a_child_row_that_was_added_counts_as_a_change(ceremony, paper, author, reviewer):
    add_note(paper, actor=author.actor("operator"), text="added meanwhile")
    with pytest.raises(errors.RecordChangedSinceShown):
        complete(ceremony, reviewer)


def test_a_ceremony_signs_once(ceremony, reviewer):
    complete(ceremony, reviewer)
    with pytest.raises(errors.CeremonyClosed, match="completed"):
        complete(ceremony, reviewer)
    assert Signature.objects.count() == 1


def test_a_closed_ceremony_costs_its_signer_no_try(ceremony, reviewer):
    complete(ceremony, reviewer)
    with pytest.raises(errors.CeremonyClosed):
        complete(ceremony, reviewer, code=reviewer.used_code())
    assert AuthenticationState.objects.get(user=reviewer.user).failures == 0


def test_a_ceremony_belongs_to_one_session(ceremony, reviewer):
    credentials = Credentials(reviewer.password, reviewer.code())
    with pytest.raises(errors.CeremonyOfAnotherSession):
        complete_ceremony(ceremony, actor=reviewer.actor(session="another"), credentials=credentials)


@pytest.mark.clause("11.300(d)")
def test_anothers_ceremony_is_hidden_and_raises_the_alarm(ceremony, paper, reviewer, qa_manager):
    with pytest.raises(errors.CeremonyOfAnotherPerson):
        complete_ceremony(ceremony, actor=qa_manager.actor(), credentials=Credentials("x", "y"))
    with pytest.raises(errors.CeremonyOfAnotherPerson):
        load_ceremony(ceremony.pk, actor=qa_manager.actor())
    with pytest.raises(errors.CeremonyOfAnotherPerson):
        complete(ceremony, reviewer, username="qa_manager")
    assert [event.details["signer"] for event in events("signatures.ceremony.intruded", paper)] == ["reviewer"] * 3
    assert AuthenticationState.objects.get(user=reviewer.user).failures == 0
    assert complete(ceremony, reviewer, username="Reviewer").meaning == "review"


def test_an_unknown_ceremony_is_not_there(reviewer):
    with pytest.raises(errors.CeremonyOfAnotherPerson):
        load_ceremony(uuid.uuid4(), actor=reviewer.actor())


@pytest.mark.clause("11.10(g)")
def test_the_rules_are_asked_again_under_the_locks(author, crew):
    second = crew.add("second", "reviewer")
    first = crew.add("first", "reviewer")
    paper = submitted_paper(author)
    slow, quick = open_for(second, paper), open_for(first, paper)
    complete(quick, first)
    with pytest.raises(errors.SeatTaken):
        complete(slow, second)
    assert Signature.objects.count() == 1


def test_a_reason_is_asked_for_before_a_code_is_spent(author, reviewer, qa_manager, second_qa_manager):
    paper = approved_paper(author, reviewer, qa_manager)
    sign(second_qa_manager, paper, "check")
    ceremony = open_for(second_qa_manager, reread(paper), "publish")
    code = second_qa_manager.code()
    with pytest.raises(ReasonMissing):
        complete(ceremony, second_qa_manager, code=code)
    assert complete(ceremony, second_qa_manager, code=code, reason="Released to the site.").meaning == "release"


def test_a_transition_with_a_route_never_happens_without_its_signatures(paper, qa_manager, reviewer):
    with pytest.raises(SigningRequired):
        perform_transition(paper, "approve", actor=qa_manager.actor())
    declined = Authorisation(paper.pk, 1, "approve", ("S-1",), is_decline=True)
    with pytest.raises(SigningRequired):
        perform_transition(paper, "approve", actor=qa_manager.actor(), authorisation=declined)
    other = Authorisation(paper.pk + 1, 1, "approve", ("S-1",))
    with pytest.raises(SigningRequired):
        perform_transition(paper, "approve", actor=qa_manager.actor(), authorisation=other)


def test_signature_numbers_have_no_gap_after_a_refusal(author, reviewer, qa_manager):
    paper = submitted_paper(author)
    first = sign(reviewer, paper)
    ceremony = open_for(qa_manager, paper)
    edit(paper, author, body="Changed.")
    with pytest.raises(errors.RecordChangedSinceShown):
        complete(ceremony, qa_manager)
    second = sign(reviewer, reread(paper))
    assert int(second.number.split("-")[-1]) == int(first.number.split("-")[-1]) + 1


def test_a_decline_is_a_signature_with_a_reason_and_returns_the_record(ceremony, paper, reviewer):
    with pytest.raises(ReasonMissing):
        decline(ceremony, reviewer, reason="")
    signature = decline(ceremony, reviewer, reason="The yield is missing.")
    assert (signature.is_decline, signature.meaning, signature.reason) == (True, "rejection", "The yield is missing.")
    assert reread(paper).state == "draft"
    assert events("signatures.signature.declined", paper)[0].reason == "The yield is missing."
    assert events("papers.paper.returned", paper)[0].details["signatures"] == [signature.number]


def test_whoever_declined_may_look_again_at_the_changed_record(ceremony, paper, author, reviewer):
    decline(ceremony, reviewer, reason="The yield is missing.")
    edit(paper, author, body="Yield 98 %.")
    submit(reread(paper), author)
    assert sign(reviewer, reread(paper)).version.number == 2


def test_a_route_without_a_way_back_offers_no_decline(author, reviewer, qa_manager, second_qa_manager):
    paper = approved_paper(author, reviewer, qa_manager)
    ceremony = open_for(second_qa_manager, paper, "check")
    with pytest.raises(errors.DeclineNotOffered):
        decline(ceremony, second_qa_manager)


def test_leaving_is_an_event(ceremony, paper, reviewer):
    cancel_ceremony(ceremony, actor=reviewer.actor())
    ceremony.refresh_from_db()
    assert ceremony.state == "cancelled"
    assert len(events("signatures.ceremony.cancelled", paper)) == 1
    with pytest.raises(errors.CeremonyClosed):
        complete(ceremony, reviewer)


def test_after_ten_minutes_the_page_has_expired_and_the_sweep_records_it(paper, reviewer, time_machine):
    ceremony = open_for(reviewer, paper)
    time_machine.move_to(now() + dt.timedelta(seconds=601), tick=True)
    with pytest.raises(errors.CeremonyExpired):
        complete(ceremony, reviewer, code="123456")
    assert expire_ceremonies() == 1
    assert expire_ceremonies() == 0
    assert Ceremony.objects.get().state == "expired"
    assert events("signatures.ceremony.expired", paper)[0].actor_username == "system:signing"
    assert not Signature.objects.exists()


def test_signing_never_happens_inside_another_transaction(ceremony, reviewer):
    credentials = Credentials(reviewer.password, reviewer.code())
    assert transaction.get_connection().in_atomic_block  # the test's own, which a durable block looks through
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        open_ceremony(ceremony.record, "approve", actor=reviewer.actor())
    assert complete_ceremony(ceremony, actor=reviewer.actor(), credentials=credentials).pk
