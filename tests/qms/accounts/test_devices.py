"""Second factors: enrolled by two codes, replaced, tested, drifting; recovery codes let in and never sign."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, transaction
from django.test import Client, override_settings
from django.urls import reverse

from qms.accounts import codes, enrolment
from qms.accounts.models import TotpDevice
from qms.accounts.seeds import make_seed, open_seed, seal_seed
from records.clock import now
from records.errors import Refusal
from records.models import Event, OutboxItem
from signatures.authentication import authenticate_signer
from signatures.signing_policy import policy_in_force
from tests.people import Crew, Person, enrol, pair

pytestmark = pytest.mark.django_db
AT = dt.datetime(2026, 11, 22, 9, 30, 12, tzinfo=dt.UTC)


def test_codes_are_those_of_rfc_6238() -> None:
    seed = b"12345678901234567890"  # appendix B, SHA-1, cut to six digits
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        step = codes.Clock().step_at(dt.datetime.fromtimestamp(seconds, tz=dt.UTC))
        assert codes.code_of(seed, step) == code


@pytest.mark.clause("11.300(e)")
def test_enrolment_needs_two_codes_that_follow_one_another(crew: Crew) -> None:
    crew.add("ana", can_sign=False)
    ana = crew.add("ben", can_sign=False).user
    link = enrolment.reset_credentials(ana, actor=crew.administrator.actor(), reason="a new phone")
    password, digest = "seven amber bottles", policy_in_force().digest
    with pytest.raises(Refusal) as caught:
        enrolment.accept_link(link.secret, password=password, pairing=pair(ana, wrong=True), policy_digest=digest)
    assert caught.value.code == "accounts.codes_not_consecutive"
    enrolment.accept_link(link.secret, password=password, pairing=pair(ana), policy_digest=digest)
    with pytest.raises(Refusal) as caught:
        enrolment.accept_link(link.secret, password=password, pairing=pair(ana), policy_digest=digest)
    assert caught.value.code == "accounts.link_invalid"


@pytest.mark.clause("11.300(e)")
@pytest.mark.parametrize(("behind", "drift"), [(0, 0), (1, 0), (4, -4), (-3, 3)])
def test_the_drift_of_a_devices_clock_is_learned(behind: int, drift: int) -> None:
    seed = make_seed()
    last = codes.Clock().step_at(AT) - behind
    first, second = codes.code_of(seed, last - 1), codes.code_of(seed, last)
    assert codes.find_drift(seed, first, second, step_seconds=30, at=AT) == (drift, last)


@pytest.mark.clause("11.300(c)")
def test_a_link_ends_after_three_days_and_when_another_is_made(crew: Crew) -> None:
    ana = crew.add("ana", can_sign=False).user
    first = enrolment.reset_credentials(ana, actor=crew.administrator.actor(), reason="a new phone")
    second = enrolment.issue_link(ana, actor=crew.administrator.actor())
    with pytest.raises(Refusal):
        enrolment.find_link(first.secret)
    assert enrolment.find_link(second.secret).person == ana
    with time_machine.travel(now() + dt.timedelta(hours=73)), pytest.raises(Refusal):
        enrolment.find_link(second.secret)


def test_a_person_who_has_enrolled_gets_no_second_link_without_a_reset(crew: Crew) -> None:
    ana = crew.add("ana", can_sign=False).user
    with pytest.raises(Refusal) as caught:
        enrolment.issue_link(ana, actor=crew.administrator.actor())
    assert caught.value.code == "accounts.link_invalid"


@pytest.mark.clause("11.300(e)")
def test_a_test_of_the_device_moves_its_due_date(operator: Person) -> None:
    with time_machine.travel(now() + dt.timedelta(days=370)):
        step = operator.device.clock.step_at(now())
        answer = operator.sign_in(Client()).get(reverse("accounts:device-test"))
        assert answer.status_code == 200
        enrolment.test_device(
            operator.user,
            first_code=operator.code_at(step + 1),
            second_code=operator.code_at(step + 2),
            actor=operator.actor(),
        )
    event = Event.objects.filter(act="accounts.device.tested", actor=operator.user).latest("id")
    assert event.details["person"] == str(operator.user)
    assert operator.device.tested_at > operator.device.enrolled_at


@pytest.mark.clause("11.300(c)")
def test_moving_to_a_new_device_needs_the_old_one(operator: Person) -> None:
    old = operator.device
    with pytest.raises(Refusal):
        enrolment.replace_device(
            operator.user,
            password=operator.password,
            code="000000",
            pairing=pair(operator.user),
            actor=operator.actor(),
        )
    assert operator.device.pk == old.pk
    enrolment.replace_device(
        operator.user, pairing=pair(operator.user), actor=operator.actor(), **operator.credentials()
    )
    old.refresh_from_db()
    assert (old.confirmed, old.ended_at is not None) == (False, True)
    opened = authenticate_signer(operator.user, actor=operator.actor(), **operator.credentials())
    assert opened.certificate.serial_number == int(operator.certificate.serial, 16)


def test_a_seed_moved_to_another_persons_row_does_not_open(operator: Person, outsider: Person) -> None:
    sealed = bytes(operator.device.seed)
    assert len(open_seed(sealed, user_id=operator.user.pk)) == 20
    for wrong in (outsider.user.pk, operator.user.pk + 1000):
        with pytest.raises(Refusal):
            open_seed(sealed, user_id=wrong)
    assert seal_seed(b"x" * 20, user_id=1) != seal_seed(b"x" * 20, user_id=1)


def test_one_person_has_one_device_and_the_database_says_so(operator: Person) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        TotpDevice.objects.create(user=operator.user, name="second", confirmed=True, seed=b"")


@pytest.mark.clause("11.300(c)")
def test_a_recovery_code_lets_in_once_and_never_signs(crew: Crew, operator: Person) -> None:
    made = enrolment.renew_recovery_codes(operator.user, actor=operator.actor(), **operator.credentials())
    typed = {"username": operator.username, "password": operator.password, "code": made[0].lower().replace("-", " ")}
    url = reverse("accounts:login-recovery")
    answer: Any = Client().post(url, typed)
    assert (answer.status_code, answer.url) == (302, "/")
    assert Client().post(url, typed).status_code == 403
    with pytest.raises(Refusal) as caught:
        authenticate_signer(operator.user, password=operator.password, code=made[1], actor=operator.actor())
    assert caught.value.code == "signatures.credentials_refused"
    with pytest.raises(ObjectDoesNotExist):
        Event.objects.get(
            act="signatures.authentication.accepted", details__factor="recovery code", details__purpose="signing"
        )
    assert OutboxItem.objects.filter(key__startswith="recovery_code_used").count() == 1


def test_new_recovery_codes_end_the_old_ones(operator: Person) -> None:
    old = enrolment.renew_recovery_codes(operator.user, actor=operator.actor(), **operator.credentials())
    enrolment.renew_recovery_codes(operator.user, actor=operator.actor(), **operator.credentials())
    typed = {"username": operator.username, "password": operator.password, "code": old[0]}
    assert Client().post(reverse("accounts:login-recovery"), typed).status_code == 403


def test_the_page_of_everybodys_codes_exists_on_a_demonstration_only(operator: Person) -> None:
    url = reverse("accounts:demo-codes")
    assert Client().get(url).status_code == 404
    with override_settings(DEMO=True):
        page = Client().get(url).content.decode()
        assert operator.code_at(operator.device.clock.step_at(now())) in page
        assert url in Client().get("/sign-in/").content.decode()


def test_a_reset_person_enrols_again_and_starts_from_nothing(crew: Crew) -> None:
    ana = crew.add("ana", "operator")
    enrolment.reset_credentials(ana.user, actor=crew.security_officer.actor(), reason="the phone was stolen")
    again = enrol(enrolment.reset_credentials(ana.user, actor=crew.administrator.actor(), reason="the link was lost"))
    from signatures.eligibility import why_not_sign

    assert [reason.code for reason in why_not_sign(again.user)] == ["signatures.identity_not_checked"]
