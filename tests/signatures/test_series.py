"""Several records signed one after the other: a fixed list, a signature each, both components by default."""

import datetime as dt

import pytest
from django.test import override_settings

from records.clock import now
from records.errors import Refusal
from records.models import Event
from signatures import errors
from signatures.ceremonies import cancel_ceremony, open_ceremony
from signatures.checklist import verify_stored_signature
from signatures.errors_authentication import CredentialsRefused
from signatures.models import Ceremony, Series, Signature
from signatures.series import ceremonies_of, leave_series, next_of, open_series
from signatures.signing import Credentials, complete_ceremony
from signatures.statements import parse_statement
from signatures.worklist import records_to_sign
from tests.signatures.papers import complete, edit, reread, sign, submitted_paper

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.200(a)(1)(i)", "11.200(a)(1)(ii)")]


@pytest.fixture
def papers(author):
    return [submitted_paper(author, title=f"Paper {number}") for number in range(3)]


def following(series: Series) -> Ceremony:
    """Return the next ceremony of the series; there must be one."""
    found = next_of(series)
    assert found is not None
    return found


def start(person, **facts):
    actor = person.actor(**facts)
    return open_series([item for item in records_to_sign(actor) if item.action == "approve"], actor=actor)


def password_only(ceremony, person, **facts):
    """Sign with the password and no code."""
    return complete_ceremony(ceremony, actor=person.actor(**facts), credentials=Credentials(person.password, code=""))


def test_the_list_is_fixed_at_the_start_with_a_ceremony_each(papers, author, reviewer):
    series = start(reviewer)
    submitted_paper(author, title="Too late for this series")
    rows = ceremonies_of(series)
    assert [row.record_id for row in rows] == [paper.pk for paper in papers]
    assert len({row.version_id for row in rows}) == 3
    assert Event.objects.get(act="signatures.series.opened").details["records"] == [paper.number for paper in papers]


def test_each_record_gets_its_own_signature_with_both_components_by_default(papers, reviewer):
    series = start(reviewer)
    while (ceremony := next_of(series)) is not None:
        signature = complete(ceremony, reviewer)
        assert parse_statement(bytes(signature.statement)).components == ("password", "totp")
        assert verify_stored_signature(signature).bottom_line
    assert Signature.objects.count() == 3


def test_by_default_the_password_alone_never_signs(papers, reviewer):
    series = start(reviewer)
    complete(following(series), reviewer)
    with pytest.raises(CredentialsRefused):
        password_only(following(series), reviewer)


@override_settings(SIGNING_SERIES="password")
def test_where_the_site_allows_it_later_records_take_the_password_alone(papers, reviewer):
    series = start(reviewer)
    with pytest.raises(CredentialsRefused):
        password_only(following(series), reviewer)
    complete(following(series), reviewer)
    signature = password_only(following(series), reviewer)
    assert parse_statement(bytes(signature.statement)).components == ("password", "series")
    assert verify_stored_signature(signature).bottom_line
    with pytest.raises(CredentialsRefused):
        complete_ceremony(following(series), actor=reviewer.actor(), credentials=Credentials("wrong", ""))


@override_settings(SIGNING_SERIES="password")
def test_outside_a_series_the_password_alone_never_signs(papers, author, reviewer):
    series = start(reviewer)
    complete(following(series), reviewer)
    alone = open_ceremony(submitted_paper(author), "approve", actor=reviewer.actor())
    with pytest.raises(CredentialsRefused):
        password_only(alone, reviewer)


@override_settings(SIGNING_SERIES="password")
def test_two_idle_minutes_break_the_series(papers, reviewer, time_machine):
    series = start(reviewer)
    complete(following(series), reviewer)
    time_machine.move_to(now() + dt.timedelta(seconds=121), tick=True)
    with pytest.raises(CredentialsRefused):
        password_only(following(series), reviewer)
    complete(following(series), reviewer)


@override_settings(SIGNING_SERIES="password")
def test_another_address_breaks_the_series(papers, reviewer):
    series = start(reviewer)
    complete(following(series), reviewer)
    with pytest.raises(CredentialsRefused):
        password_only(following(series), reviewer, address="10.0.0.9")


@override_settings(SIGNING_SERIES="password")
def test_another_session_cannot_go_on(papers, reviewer):
    series = start(reviewer)
    complete(following(series), reviewer)
    with pytest.raises(errors.CeremonyOfAnotherSession):
        password_only(following(series), reviewer, session="another")


@override_settings(SIGNING_SERIES="password")
def test_a_record_that_leaves_the_list_breaks_the_series(papers, reviewer):
    series = start(reviewer)
    complete(following(series), reviewer)
    cancel_ceremony(ceremonies_of(series)[2], actor=reviewer.actor())
    with pytest.raises(CredentialsRefused):
        password_only(following(series), reviewer)


@override_settings(SIGNING_SERIES="password")
def test_after_ten_minutes_the_series_is_over(papers, reviewer, time_machine):
    series = start(reviewer)
    complete(following(series), reviewer)
    time_machine.move_to(series.expires_at + dt.timedelta(seconds=1), tick=True)
    with pytest.raises(errors.CeremonyExpired):
        password_only(following(series), reviewer)


def test_a_changed_record_falls_out_and_the_others_go_on(papers, author, reviewer):
    series = start(reviewer)
    edit(papers[0], author, body="Changed meanwhile.")
    with pytest.raises(errors.RecordChangedSinceShown):
        complete(following(series), reviewer)
    assert following(series).record_id == papers[1].pk
    complete(following(series), reviewer)


def test_one_refusal_opens_none_of_them(papers, author, reviewer):
    items = records_to_sign(reviewer.actor())
    sign(reviewer, papers[1])
    with pytest.raises(Refusal):
        open_series(items, actor=reviewer.actor())
    assert not Series.objects.exists()
    assert not Ceremony.objects.filter(state="open").exists()
    refused = Event.objects.get(act="signatures.ceremony.refused")
    assert refused.record_id == papers[1].pk


def test_a_series_has_one_meaning_and_a_limit(papers, reviewer, crew, author):
    actor = reviewer.actor()
    items = records_to_sign(actor)
    with pytest.raises(errors.SeriesEmpty):
        open_series([], actor=actor)
    with pytest.raises(errors.SeriesTooLong):
        open_series(items * 17, actor=actor)
    both = crew.add("both", "reviewer", "qa_manager")
    mixed = records_to_sign(both.actor())
    assert {item.seat.meaning for item in mixed} == {"review", "release"}
    with pytest.raises(errors.SeriesMixed, match="Released, Reviewed"):
        open_series(mixed, actor=both.actor())


def test_leaving_closes_what_is_not_signed(papers, reviewer):
    series = start(reviewer)
    complete(following(series), reviewer)
    assert leave_series(series, actor=reviewer.actor()) == 2
    assert [row.state for row in ceremonies_of(series)] == ["completed", "cancelled", "cancelled"]
    assert reread(papers[1]).state == "in_review"
