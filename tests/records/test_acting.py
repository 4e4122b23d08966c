"""Nothing is written without a who and a why."""

import pytest
from django.db import IntegrityError, connection, transaction

from qms.accounts.models import User
from records.acting import acting
from records.errors import NestedAct, ReasonMeaningless, ReasonMissing, UnknownAct
from records.evidence import system_actor
from records.models import Change, Event

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(e)")]

SYSTEM = system_actor("tests")
MADE = "records.installation.started"


def build_person(name: str = "ada") -> User:
    return User(username=name, printed_name="Ada Vial", email="ada@example.com", password="secret hash")


def make_person(name: str = "ada") -> User:
    person = build_person(name)
    person.save(force_insert=True)
    return person


def test_a_write_without_an_event_is_refused_by_the_database():
    with pytest.raises(IntegrityError, match="no event of its own"), transaction.atomic():
        make_person()
    assert not User.objects.exists()


def test_a_write_inside_an_act_leaves_event_snapshot_and_change():
    with acting(SYSTEM, MADE) as event:
        person = make_person()
    snapshot = person.history.get()
    change = Change.objects.get(event_id=event.id)
    assert (snapshot.event_id, snapshot.history_type, snapshot.printed_name) == (event.id, "+", "Ada Vial")
    assert (change.table_name, change.row_key, change.kind, change.history_id) == (
        "accounts_user",
        str(person.pk),
        "+",
        snapshot.history_id,
    )


def test_an_update_records_old_and_new_of_the_changed_columns_only():
    with acting(SYSTEM, MADE):
        person = make_person()
    with acting(SYSTEM, MADE, reason="married last week") as event:
        User.objects.filter(pk=person.pk).update(printed_name="Ada Ampoule")
    change = Change.objects.get(event_id=event.id)
    assert change.old == {"printed_name": "Ada Vial"}
    assert change.new == {"printed_name": "Ada Ampoule"}
    newer, older = person.history.all()
    assert [row.field for row in newer.diff_against(older).changes] == ["printed_name"]
    assert newer.history_change_reason == "married last week"


def test_a_secret_is_kept_only_as_its_fingerprint():
    with acting(SYSTEM, MADE):
        person = make_person()
    with acting(SYSTEM, MADE) as event:
        User.objects.filter(pk=person.pk).update(password="another hash")
    assert person.history.latest().password.startswith("sha256:")
    assert "another hash" not in str(Change.objects.get(event_id=event.id).new)


def test_an_update_that_changes_nothing_leaves_no_snapshot():
    with acting(SYSTEM, MADE):
        person = make_person()
    with acting(SYSTEM, MADE) as event:
        User.objects.filter(pk=person.pk).update(printed_name="Ada Vial")
    assert not Change.objects.filter(event_id=event.id).exists()


def test_after_the_block_the_transaction_may_not_write_on():
    with acting(SYSTEM, MADE):
        person = make_person()
    with pytest.raises(IntegrityError, match="no event of its own"), transaction.atomic():
        User.objects.filter(pk=person.pk).update(printed_name="Sneaked In")


def test_nobody_writes_under_anothers_act():
    with acting(SYSTEM, MADE) as event:
        make_person()
    with connection.cursor() as cursor:
        cursor.execute("SELECT xact::text = pg_current_xact_id()::text FROM records_event WHERE id = %s", [event.id])
        assert cursor.fetchone()[0] is True  # the test's own transaction; another one's event is refused below
        cursor.execute("SELECT set_config('countersign.event', '999999', true)")
    with pytest.raises(IntegrityError, match="no event of its own"), transaction.atomic():
        make_person("second")


def test_a_refused_act_leaves_nothing_behind():
    before = Event.objects.count()
    with pytest.raises(IntegrityError), acting(SYSTEM, MADE):
        User.objects.bulk_create([build_person("one"), build_person("one")])
    assert Event.objects.count() == before
    assert not User.objects.exists()


def test_one_act_cannot_be_started_inside_another():
    with acting(SYSTEM, MADE), pytest.raises(NestedAct), acting(SYSTEM, MADE):
        pass


def test_an_unregistered_act_is_refused():
    with pytest.raises(UnknownAct), acting(SYSTEM, "records.nothing.happened"):
        pass


@pytest.mark.parametrize(
    ("reason", "refusal"), [("", ReasonMissing), ("n/a", ReasonMissing), ("test", ReasonMeaningless)]
)
def test_an_act_that_needs_a_reason_refuses_an_empty_or_meaningless_one(reason, refusal):
    with pytest.raises(refusal), acting(SYSTEM, "records.record.edited", reason=reason):
        pass
