"""People for tests, made by the product's own rules: nobody starts where the product cannot get.

Ask for a fixture (``author``, ``qa_manager``...) or for ``make_person``.  Each is a `Person`
with all that their role needs: roles, enrolled device and, where it may sign, identity check,
acknowledged policy and certificate.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypedDict

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from qms.accounts import codes, enrolment, grants, identity, people
from qms.accounts.access import actor_of
from qms.accounts.enrolment import IssuedLink, Pairing
from qms.accounts.models import TotpDevice, User
from qms.accounts.roles import SIGNING_ROLES
from qms.accounts.seeds import make_seed, open_seed, seal_seed
from records.acting import acting
from records.clock import now
from records.evidence import Actor, system_actor
from signatures.credentials import issue_certificate
from signatures.models import AuthenticationState, Certificate
from signatures.signing_policy import policy_in_force

REASON = "needed for their work in the test plant"


class Components(TypedDict):
    """What is typed to sign in or to sign."""

    password: str
    code: str


@dataclass
class Person:
    """A person of a test: the row, the password they know and the device they hold."""

    user: User
    password: str
    _client: Client | None = field(default=None, repr=False)

    @property
    def username(self) -> str:
        return self.user.username

    @property
    def device(self) -> TotpDevice:
        found: TotpDevice = TotpDevice.objects.get(user=self.user, confirmed=True)
        return found

    @property
    def certificate(self) -> Certificate:
        return Certificate.objects.get(owner=self.user, revoked_at=None)

    def code(self) -> str:
        """Return a fresh one-time code, at once.

        A code counts once and the next comes after 30 s. So that no test waits, the device's
        clock runs ahead by a step per code, as that of a fast token does after its test.
        """
        device = self.device
        last = AuthenticationState.objects.get(user=self.user).last_code_step
        behind = (last or 0) - device.clock.step_at(now())
        if last is not None and behind >= 0:
            with acting(system_actor("tests"), "accounts.device.tested", details={"person": str(self.user)}):
                TotpDevice.objects.filter(pk=device.pk).update(drift=F("drift") + behind + 1)
            device = self.device
        return self.code_at(device.clock.step_at(now()))

    def code_at(self, step: int) -> str:
        """Return the code of a step of their device."""
        return codes.code_of(open_seed(bytes(self.device.seed), user_id=self.user.pk), step)

    def used_code(self) -> str:
        """Return the code that was used last."""
        step = AuthenticationState.objects.get(user=self.user).last_code_step
        assert step is not None
        return self.code_at(step)

    def actor(self, role: str = "", **facts: Any) -> Actor:
        """Return them as the actor of an act, with the roles they hold now."""
        made = actor_of(User.objects.get(pk=self.user.pk), **({"address": "127.0.0.1", "session": "session-1"} | facts))
        return made.in_role(role) if role else made

    def credentials(self) -> Components:
        """Return password and a fresh code, as forms and rules name them."""
        return {"password": self.password, "code": self.code()}

    def client(self, *, fresh: bool = False) -> Client:
        """Return a browser of theirs, signed in through the real page."""
        if self._client is None or fresh:
            self._client = self.sign_in(Client())
        return self._client

    def sign_in(self, client: Client) -> Client:
        answer = client.post(reverse("accounts:login"), {"username": self.username, **self.credentials()})
        assert answer.status_code == 302, answer.content.decode()
        return client


def pair(user: User, *, wrong: bool = False) -> Pairing:
    """Hold a new device in hand: its seed and two codes that follow one another."""
    seed = make_seed()
    step = codes.Clock().step_at(now())
    first, second = codes.code_of(seed, step - 1), codes.code_of(seed, step)
    return Pairing(seal_seed(seed, user_id=user.pk), first, first if wrong else second)


def enrol(link: IssuedLink) -> Person:
    """Open a link, choose a password, scan the code, accept the policy."""
    user = link.invitation.person
    password = f"vial {user.pk} at station 42"  # nothing of the name: the validators compare
    enrolment.accept_link(link.secret, password=password, pairing=pair(user), policy_digest=policy_in_force().digest)
    return Person(User.objects.get(pk=user.pk), password)


def identify(person: Person, officer: Person) -> None:
    """Stand before the officer with document and device."""
    identity.record_identity_check(
        person.user, method="in_person", document_class="passport", code=person.code(), actor=officer.actor()
    )


def certify(person: Person) -> Certificate:
    """Fetch one's certificate."""
    return issue_certificate(person.user, actor=person.actor(), **person.credentials())


@dataclass
class Crew:
    """Everybody of one test, and how another one joins them."""

    administrator: Person
    security_officer: Person
    _number: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)

    def add(self, username: str = "", *roles: str, printed_name: str = "", can_sign: bool | None = None) -> Person:
        """Add a person with roles; who holds a signing role gets all that signing needs."""
        name = username or f"person{self._number()}"
        admin = self.administrator.actor()
        user = people.create_person(
            username=name,
            printed_name=printed_name or name.replace("_", " ").replace(".", " ").title(),
            email=f"{name}@example.com",
            actor=admin,
        )
        for role in roles:
            grants.grant_role(user, role=role, actor=admin, reason=REASON)
        person = enrol(enrolment.issue_link(user, actor=admin))
        if can_sign if can_sign is not None else SIGNING_ROLES.intersection(roles):
            identify(person, self.security_officer)
            certify(person)
        return person


def make_crew() -> Crew:
    """Install: the first administrator from the console, then the first officer, identified by the former."""
    link = enrolment.open_setup(username="administrator", printed_name="Ada Minh", email="administrator@example.com")
    administrator = enrol(link)
    admin = administrator.actor()
    user = people.create_person(
        username="security_officer", printed_name="Sol Ortega", email="security@example.com", actor=admin
    )
    grants.grant_role(user, role="security_officer", actor=admin, reason=REASON)
    officer = enrol(enrolment.issue_link(user, actor=admin))
    identify(officer, administrator)
    return Crew(administrator, officer)


@pytest.fixture
def crew(db: None) -> Crew:
    return make_crew()


@pytest.fixture
def make_person(crew: Crew) -> Callable[..., Person]:
    """Return a function that adds people: ``make_person("ana", "operator")``."""
    return crew.add


@pytest.fixture
def administrator(crew: Crew) -> Person:
    return crew.administrator


@pytest.fixture
def security_officer(crew: Crew) -> Person:
    return crew.security_officer


def _fixture(name: str, *roles: str, printed_name: str) -> Any:
    def make(crew: Crew) -> Person:
        return crew.add(name, *roles, printed_name=printed_name)

    make.__name__ = name
    return pytest.fixture(name=name)(make)


author = _fixture("author", "operator", printed_name="Jon Ortiz")
operator = _fixture("operator", "operator", printed_name="Ana Silva")
second_operator = _fixture("second_operator", "operator", "second_inspector", printed_name="Kim Wu")
reviewer = _fixture("reviewer", "reviewer", printed_name="Rita Berg")
approver = _fixture("approver", "qa_manager", printed_name="Paul Approve")
qa_manager = _fixture("qa_manager", "qa_manager", printed_name="Maria Chen")
second_qa_manager = _fixture("second_qa_manager", "qa_manager", printed_name="Quentin Abel")
validation_engineer = _fixture("validation_engineer", "validation_engineer", printed_name="Vera Lind")
data_scientist = _fixture("data_scientist", "data_scientist", printed_name="Dev Rao")
inspector = _fixture("inspector", "inspector", printed_name="Ines Inspector")
outsider = _fixture("outsider", printed_name="Otto Outside")
