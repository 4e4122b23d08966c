"""The people of the demonstration, and how each comes to their work: added, enrolled, identified.

Each step does only what is missing, so that a start that was killed is taken up again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import BoundedSemaphore, Lock
from typing import TypeVar

from qms.accounts.access import actor_of
from qms.accounts.enrolment import accept_link, issue_link, open_setup, replace_device
from qms.accounts.grants import grant_role
from qms.accounts.identity import record_identity_check
from qms.accounts.models import TotpDevice, User
from qms.accounts.people import create_person, find_person
from qms.accounts.roles import SIGNING_ROLES
from qms.home.demo import devices
from qms.home.demo.together import Lane, tell_together
from records.evidence import Actor
from signatures.credentials import issue_certificate
from signatures.eligibility import certificate_of
from signatures.errors_authentication import CredentialsRefused
from signatures.models import IdentityCheck
from signatures.signing import Credentials
from signatures.signing_policy import policy_in_force

ADDRESS = "127.0.0.1"
SESSION = "demonstration"
TYPING_AT_ONCE = 2
"""Each try hashes twice; more of them at once would outlast their codes on a small machine."""
TRIES = 3
"""Of a password and code, before somebody is called; a fifth refused one would lock the account."""

Done = TypeVar("Done")
REASON = "needed for their work in the demonstration plant"


@dataclass(frozen=True, slots=True)
class Part:
    """One person as the demonstration names them."""

    username: str
    printed_name: str
    job_title: str
    time_zone: str
    roles: tuple[str, ...]

    @property
    def email(self) -> str:
        """Return an address that reaches nobody."""
        return f"{self.username}@example.com"


ADMINISTRATOR = Part("ada", "Ada Minh", "System administrator", "Europe/Zurich", ("administrator",))
OFFICER = Part("sol", "Sol Ortega", "Security officer", "America/Chicago", ("security_officer",))
OTHERS = (
    Part("ana", "Ana Silva", "Inspection operator", "Europe/Madrid", ("operator",)),
    Part("jon", "Jonas Ortiz", "Inspection operator", "America/New_York", ("operator",)),
    Part("kim", "Kim Wu", "Qualified second inspector", "Asia/Singapore", ("second_inspector",)),
    Part("rita", "Rita Berg", "Batch record reviewer", "Europe/Berlin", ("reviewer",)),
    Part("maria", "Maria Chen", "Quality assurance manager", "America/New_York", ("qa_manager",)),
    Part("quentin", "Quentin Abel", "Quality assurance manager", "Europe/Dublin", ("qa_manager",)),
    Part("vera", "Vera Lind", "Validation engineer", "Europe/Stockholm", ("validation_engineer",)),
    Part("tomas", "Tomas Vidal", "Validation engineer", "America/Sao_Paulo", ("validation_engineer",)),
    Part("dev", "Dev Rao", "Data scientist", "Asia/Kolkata", ("data_scientist",)),
    Part("susan", "Susan Holt", "Clinical sponsor's representative", "Europe/London", ("sponsor",)),
    Part("ines", "Ines Moreau", "Investigator, FDA", "America/New_York", ("inspector",)),
)
PARTS = (ADMINISTRATOR, OFFICER, *OTHERS)
CERTIFIED = tuple(part for part in OTHERS if SIGNING_ROLES.intersection(part.roles))
SIGNERS = frozenset({"ana", "jon", "rita", "maria", "quentin", "dev", "vera", "tomas"})
"""Who signs while the plant is made, and so holds a quick token until it stands."""


class Cast:
    """Everybody of the demonstration by user name, with the password that they share."""

    def __init__(self, password: str, *, code_seconds: int, is_side_by_side: bool = True) -> None:
        self.password = password
        self.code_seconds = code_seconds
        self.is_side_by_side = is_side_by_side
        self.desks: defaultdict[str, Lock] = defaultdict(Lock)
        """A code that two would read counts once."""
        self.hands = BoundedSemaphore(TYPING_AT_ONCE)

    def user(self, username: str) -> User:
        """Return a person as they are now."""
        return User.objects.get(username=username)

    def actor(self, username: str) -> Actor:
        """Return a person as the actor of an act, with the roles they hold now."""
        return actor_of(self.user(username), address=ADDRESS, session=SESSION)

    def do_together(self, *lanes: Lane) -> None:
        """Do what needs nothing of one another at once; in its order where one transaction holds everything."""
        if self.is_side_by_side:
            tell_together(*lanes)
        else:
            for lane in lanes:
                lane()

    def type_credentials(self, username: str, act: Callable[[Credentials], Done]) -> Done:
        """Do an act with a person's password and a code of their device, used never before.

        A person signs one thing at a time. On a machine so busy that the code is over before it is checked they
        try again, as anybody would; the refused try stays in the trail. Raises: as the act.
        """
        with self.desks[username]:
            for _ in range(TRIES - 1):
                with suppress(CredentialsRefused):
                    return self.type_once(username, act)
            return self.type_once(username, act)

    def type_once(self, username: str, act: Callable[[Credentials], Done]) -> Done:
        """Wait for the person's next code, then for a free pair of hands, and do the act. Raises: as the act."""
        person = self.user(username)
        devices.await_code(person)
        with self.hands:
            return act(Credentials(self.password, devices.read_code(person)))


def ensure_people(cast: Cast) -> None:
    """Make everybody who is missing: the administrator from the console, the first officer, then all others.

    Writes: as the rules of `qms.accounts` and `signatures.credentials`.
    """
    if find_person(ADMINISTRATOR.username) is None or not cast.user(ADMINISTRATOR.username).has_usable_password():
        facts = {"username": ADMINISTRATOR.username, "printed_name": ADMINISTRATOR.printed_name}
        link = open_setup(email=ADMINISTRATOR.email, **facts)
        enrol(cast, link.secret, ADMINISTRATOR)
    for part in (OFFICER, *OTHERS):
        ensure_person(cast, part)
    ensure_enrolled(cast, OFFICER)
    ensure_identity(cast, OFFICER, checker=ADMINISTRATOR)
    cast.do_together(*(partial(ensure_known, cast, part) for part in OTHERS))
    signers = [part for part in CERTIFIED if part.username in SIGNERS]  # after all, so that nobody waits for a code
    cast.do_together(*(partial(ensure_certificate, cast, part) for part in signers))


def ensure_person(cast: Cast, part: Part) -> None:
    """Add a person and give them their roles."""
    person = find_person(part.username)
    admin = cast.actor(ADMINISTRATOR.username)
    if person is None:
        person = create_person(
            username=part.username,
            printed_name=part.printed_name,
            email=part.email,
            actor=admin,
            job_title=part.job_title,
            time_zone=part.time_zone,
        )
    for role in part.roles:
        if role not in person.held_roles():
            grant_role(person, role=role, actor=admin, reason=REASON)


def ensure_known(cast: Cast, part: Part) -> None:
    """Let a person enrol, and have their identity checked if they may sign."""
    ensure_enrolled(cast, part)
    if part in CERTIFIED:
        ensure_identity(cast, part, checker=OFFICER)


def ensure_enrolled(cast: Cast, part: Part) -> None:
    """Let a person enrol by a link of the administrator."""
    person = cast.user(part.username)
    if not person.has_usable_password():
        enrol(cast, issue_link(person, actor=cast.actor(ADMINISTRATOR.username)).secret, part)


def enrol(cast: Cast, secret: str, part: Part) -> None:
    """Open a one-time link, choose the password, pair a device and acknowledge the signing policy."""
    person = cast.user(part.username)
    pace = devices.QUICK_SECONDS if part.username in SIGNERS else cast.code_seconds
    accept_link(
        secret,
        password=cast.password,
        pairing=devices.pair_new(person, step_seconds=pace),
        policy_digest=policy_in_force().digest,
        address=ADDRESS,
    )


def ensure_identity(cast: Cast, part: Part, *, checker: Part) -> None:
    """Stand before the checker with passport and device, once."""
    person = cast.user(part.username)
    if not IdentityCheck.objects.filter(person=person).exists():
        record_identity_check(
            person,
            method="in_person",
            document_class="passport",
            code=devices.read_code(person),
            actor=cast.actor(checker.username),
        )


def ensure_certificate(cast: Cast, part: Part) -> None:
    """Fetch one's signing certificate, once."""
    person = cast.user(part.username)
    if certificate_of(person) is None:
        actor = cast.actor(part.username)
        cast.type_credentials(
            part.username,
            lambda typed: issue_certificate(person, password=typed.password, code=typed.code, actor=actor),
        )


def replace(cast: Cast, person: User, typed: Credentials) -> None:
    """Give a person a device of ordinary pace for the one they hold."""
    replace_device(
        person,
        password=typed.password,
        code=typed.code,
        pairing=devices.pair_new(person, step_seconds=cast.code_seconds),
        actor=cast.actor(person.username),
    )


def certify_others(cast: Cast) -> None:
    """Let who signs nothing here fetch their certificate, once their device has come to its next code."""
    for part in CERTIFIED:
        if part.username not in SIGNERS:
            ensure_certificate(cast, part)


def settle_devices(cast: Cast) -> None:
    """Move the signers from the quick token, which made the plant, to a device of ordinary pace.

    Writes: accounts_totpdevice and one event each. Serves: 21 CFR 11.300(c)(e).
    """
    cast.do_together(*(partial(settle_device, cast, part) for part in PARTS))


def settle_device(cast: Cast, part: Part) -> None:
    """Give a person a device of ordinary pace, if they do not hold one."""
    person = cast.user(part.username)
    if not TotpDevice.objects.filter(user=person, confirmed=True, step_seconds=cast.code_seconds).exists():
        cast.type_credentials(part.username, partial(replace, cast, person))
