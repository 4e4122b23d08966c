"""Whatever one administrator or one officer does alone, they never sign as somebody else."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from io import StringIO

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.core.management import CommandError, call_command

from qms.accounts import enrolment, grants, identity, people
from qms.accounts.enrolment import IssuedLink
from qms.accounts.models import User
from records.errors import Refusal
from records.models import Event, OutboxItem
from records.outbox import work_off
from signatures.authentication import authenticate_signer
from signatures.credentials import issue_certificate
from signatures.models import Certificate, IdentityCheck
from tests.people import REASON, Crew, Person, certify, enrol, identify

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.200(a)(3)"), pytest.mark.assurance("A6")]

SEQUENCES = 60 if os.environ.get("ASSURANCE_SIZE") == "full" else 8
STEPS = 30


@dataclass
class Attacker:
    """One human with one account who may invent accounts and open every link they can make."""

    me: Person
    victim: User
    chosen: random.Random
    controlled: dict[str, Person] = field(default_factory=dict)
    links: list[IssuedLink] = field(default_factory=list)
    puppets: int = 0

    def hands(self) -> list[Person]:
        return [self.me, *self.controlled.values()]

    def somebody(self) -> Person:
        return self.chosen.choice(self.hands())

    def target(self) -> User:
        names = [self.victim.username, *self.controlled, self.me.username]
        return User.objects.get(username=self.chosen.choice(names))

    def invent(self) -> None:
        self.puppets += 1
        name = f"puppet{self.puppets}"
        person = people.create_person(
            username=name, printed_name="Pup Pet", email=f"{name}@example.com", actor=self.somebody().actor()
        )
        self.links.append(enrolment.issue_link(person, actor=self.somebody().actor()))

    def give_role(self) -> None:
        role = self.chosen.choice(["administrator", "security_officer", "qa_manager"])
        grants.grant_role(self.target(), role=role, actor=self.somebody().actor(), reason=REASON)

    def take_role(self) -> None:
        role = self.chosen.choice(["administrator", "security_officer"])
        grants.end_role(self.target(), role=role, actor=self.somebody().actor(), reason=REASON)

    def reset(self) -> None:
        self.links.append(enrolment.reset_credentials(self.target(), actor=self.somebody().actor(), reason=REASON))

    def open_link(self) -> None:
        link = self.links.pop()
        person = enrol(link)
        if person.username == self.me.username:
            self.me = person
        else:
            self.controlled[person.username] = person

    def check(self) -> None:
        identify(self.chosen.choice(self.hands()), self.somebody())

    def fetch(self) -> None:
        certify(self.somebody())


def attack(me: Person, victim: User, seed: int) -> Attacker:
    attacker = Attacker(me, victim, random.Random(seed))
    moves: list[Callable[[], None]] = [
        attacker.invent,
        attacker.give_role,
        attacker.take_role,
        attacker.reset,
        attacker.open_link,
        attacker.open_link,
        attacker.check,
        attacker.check,
        attacker.fetch,
    ]
    for _ in range(STEPS):
        try:
            attacker.chosen.choice(moves)()
        except (Refusal, IndexError, ObjectDoesNotExist):
            continue
    return attacker


@pytest.mark.parametrize("kind", ["administrator", "security_officer"])
@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_no_sequence_of_one_person_reaches_anothers_signature(crew: Crew, kind: str, seed: int) -> None:
    victim = crew.add("victim", "qa_manager")
    genuine = victim.certificate.pk
    crew.add("second_officer", "security_officer")
    me = crew.administrator if kind == "administrator" else crew.security_officer
    attack(me, victim.user, seed)
    assert not Certificate.objects.filter(owner=victim.user, revoked_at=None).exclude(pk=genuine).exists()


def test_negative_control_two_together_can_and_it_is_loud(crew: Crew) -> None:
    victim = crew.add("victim", "qa_manager")
    link = enrolment.reset_credentials(victim.user, actor=crew.administrator.actor(), reason="forgot the password")
    hijacked = enrol(link)
    identify(hijacked, crew.security_officer)
    certify(hijacked)
    assert Event.objects.filter(act="accounts.credentials.reset", actor=crew.administrator.user).exists()
    assert Event.objects.filter(act="signatures.identity.checked", actor=crew.security_officer.user).exists()


def test_a_reset_kills_the_old_key_and_tells_the_owner(crew: Crew, mailoutbox: list[object]) -> None:
    person = crew.add("ana", "operator")
    old = person.certificate
    enrolment.reset_credentials(person.user, actor=crew.security_officer.actor(), reason="lost the phone on a train")
    old.refresh_from_db()
    assert old.revoked_at is not None
    assert OutboxItem.objects.filter(kind="accounts.notice").count() == 1
    work_off()
    told = [mail for mail in mailoutbox if getattr(mail, "to", []) == [person.user.email]]
    assert "lost the phone on a train" in str(getattr(told[0], "body", ""))


def test_whoever_made_the_link_does_not_check_the_identity(crew: Crew) -> None:
    crew.add("second_officer", "security_officer")
    ana = crew.add("ana", can_sign=False)
    person = enrol(enrolment.reset_credentials(ana.user, actor=crew.security_officer.actor(), reason="a new phone"))
    with pytest.raises(Refusal) as caught:
        identify(person, crew.security_officer)
    assert caught.value.code == "signatures.checker_issued_link"


def test_an_officer_nobody_looked_at_checks_nobody(crew: Crew) -> None:
    unchecked = crew.add("second_officer", "security_officer")
    ana = crew.add("ana", can_sign=False)
    with pytest.raises(Refusal) as caught:
        identify(ana, unchecked)
    assert caught.value.code == "signatures.checker_not_checked"


@pytest.mark.clause("11.100(b)")
def test_nobody_checks_themselves_and_the_device_must_be_in_the_room(crew: Crew) -> None:
    ana, officer = crew.add("ana", can_sign=False), crew.security_officer
    with pytest.raises(Refusal, match="own identity"):
        identify(officer, officer)
    before = IdentityCheck.objects.count()
    with pytest.raises(Refusal, match="not accepted"):
        identity.record_identity_check(
            ana.user, method="in_person", document_class="passport", code="000000", actor=officer.actor()
        )
    assert IdentityCheck.objects.count() == before


@pytest.mark.clause("11.100(b)")
def test_without_an_identity_check_there_is_no_certificate_and_no_signing(crew: Crew) -> None:
    ana = crew.add("ana", "operator", can_sign=False)
    with pytest.raises(Refusal) as caught:
        issue_certificate(ana.user, actor=ana.actor(), **ana.credentials())
    assert caught.value.code == "signatures.identity_not_checked"
    with pytest.raises(Refusal) as caught:
        authenticate_signer(ana.user, actor=ana.actor(), **ana.credentials())
    assert caught.value.code == "signatures.certificate_missing"


def test_administration_and_quality_are_different_people(crew: Crew) -> None:
    for pair in (
        ("administrator", "qa_manager"),
        ("security_officer", "operator"),
        ("administrator", "security_officer"),
    ):
        person = crew.add("", pair[0])
        with pytest.raises(Refusal) as caught:
            grants.grant_role(person.user, role=pair[1], actor=crew.administrator.actor(), reason=REASON)
        assert caught.value.code == "accounts.roles_conflict"


@pytest.mark.clause("11.300(c)")
def test_a_sole_officer_is_restored_by_console_and_administrator_together(crew: Crew) -> None:
    said = StringIO()
    call_command("restore_officer", "security_officer", "--reason", "their only phone was stolen", stdout=said)
    secret = said.getvalue().rstrip().rpartition("/enrol/")[2].strip("/")
    officer = enrol(IssuedLink(enrolment.find_link(secret), secret))
    ana = crew.add("ana", can_sign=False)
    with pytest.raises(Refusal) as caught:
        identify(ana, officer)
    assert caught.value.code == "signatures.checker_not_checked"
    identify(officer, crew.administrator)
    identify(ana, officer)
    assert {row.kind for row in OutboxItem.objects.filter(key__startswith="credentials_reset")} == {
        "accounts.security_alert",
        "accounts.notice",
    }
    with pytest.raises(Refusal):
        identify(ana, crew.administrator)
    with pytest.raises(CommandError, match="not a security officer"):
        call_command("restore_officer", "ana", "--reason", "their only phone was stolen")
