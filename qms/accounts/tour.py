"""The tour of a first visit: four short steps for what a person's role comes to do, closed for ever by one press.

That somebody closed it is an event like any other, so it holds in every browser and without scripts.
"""

from __future__ import annotations

from dataclasses import dataclass

from records.acting import record_event
from records.evidence import Actor
from records.models import Event

ENDED = "accounts.tour.ended"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it says, and which page of the manual says more."""

    title: str
    text: str
    topic: str


@dataclass(frozen=True, slots=True)
class Tour:
    """A person's tour at one of its steps. ``number`` counts from 1."""

    steps: tuple[Step, ...]
    number: int

    @property
    def step(self) -> Step:
        """Return the step that is shown."""
        return self.steps[self.number - 1]

    @property
    def next_number(self) -> int | None:
        """Return the number of the following step, or None after the last."""
        return self.number + 1 if self.number < len(self.steps) else None


WORK = Step(
    "This page is your work",
    "It lists what waits for you: to sign, to review, returned, overdue."
    " Open a line; the page behind it says what to do.",
    "home",
)
SIGN = Step(
    "Your signature is yours alone",
    "You sign with your password and a fresh one-time code, and see exactly what you sign. Nobody can sign for you.",
    "signing",
)
HELP = Step(
    "Help is on every page",
    "The question mark beside a heading opens the manual at the right place. Press ? to see the keys.",
    "keyboard",
)
ADMIT = Step(
    "Letting somebody in takes two people",
    "An administrator adds them and gives roles, with a reason; a security officer checks who they are."
    " Neither of the two works on records or signs.",
    "people",
)

OWN_STEPS = {
    "qa_manager": Step(
        "You decide last",
        "A batch reaches you once its review and its audit trail are signed. Release it, reject it, hold it or have it"
        " inspected again; until nothing is open, the page lists what is, with links.",
        "signing",
    ),
    "reviewer": Step(
        "You read the audit trail",
        "Before a batch can be released, somebody who did nothing on it reads who did what, when and why, and signs"
        " that. Return it with a reason where something is unclear.",
        "history",
    ),
    "operator": Step(
        "From the images to your signature",
        "Import a lot's images and start the inspection. The model flags units and leaves some undecided: you look at"
        " those, may overrule it with a reason, and sign the review.",
        "batches",
    ),
    "second_inspector": Step(
        "You are the second person",
        "Where somebody overrules the model from reject to good, it counts only once you have looked at the unit"
        " yourself. Confirm or refuse; both keep your name.",
        "review",
    ),
    "data_scientist": Step(
        "You submit models",
        "A model version comes with its file, its hash and its limits, and you sign as its author. It inspects nothing"
        " before quality assurance has released it.",
        "models",
    ),
    "validation_engineer": Step(
        "You read what validation rests on",
        "Models, stations and batches of your products are open to you, each with its signatures and its whole"
        " history.",
        "history",
    ),
    "sponsor": Step(
        "You read records and their history",
        "Each record has its content, signatures, history and links in tabs. What you may open depends on the products"
        " that were given to you.",
        "history",
    ),
}
"""What a role comes to do; who holds several sees the first of these."""

OUTSIDE_TOURS = {
    "administrator": (
        ADMIT,
        Step(
            "Add a person",
            "Under People, add them, give roles and hand over the one-time link. They choose the password themselves;"
            " you never see it. People are deactivated, never deleted.",
            "people",
        ),
        Step(
            "See how the system stands",
            "Under System each line has its value and what to do: servers, database guards, space, promised work and"
            " the last verification.",
            "people",
        ),
        HELP,
    ),
    "security_officer": (
        ADMIT,
        Step(
            "Check an identity once, with care",
            "On a person's page you record which document you saw. Only then do they get a signing certificate.",
            "people",
        ),
        Step(
            "Help who is locked out",
            "You unlock after too many wrong tries, reset a lost device and revoke a certificate. The key of a"
            " certificate opens with its owner's password only.",
            "signing-in",
        ),
        HELP,
    ),
    "inspector": (
        Step(
            "One box finds everything",
            "Type a lot, a batch, a model, a signature or a name. What lies outside your access you can ask for, and"
            " the quality unit answers here.",
            "inspection",
        ),
        Step(
            "A lot is one timeline",
            "Newest first: who did what, when and why. The chips above it show only changes, signatures or overrides;"
            " the address keeps your filter.",
            "inspection",
        ),
        Step(
            "Compare and verify",
            "Two versions stand side by side, changed fields first. Verify recomputes hashes, signatures and the sealed"
            " ledger, and names whatever does not agree.",
            "history",
        ),
        Step(
            "Take copies away",
            "A copy is a zip with documents, data, signatures and instructions for checking them without this software."
            " What you open and take is recorded.",
            "inspection",
        ),
    ),
}


def steps_for(roles: frozenset[str]) -> tuple[Step, ...]:
    """Return the four steps for whoever holds these roles."""
    for role, steps in OUTSIDE_TOURS.items():
        if role in roles:
            return steps
    own = next((step for role, step in OWN_STEPS.items() if role in roles), OWN_STEPS["sponsor"])
    return (WORK, own, SIGN, HELP)


def find_tour(actor: Actor, *, asked: str = "") -> Tour | None:
    """Return the person's tour at the step that the address asks for, or None once it is closed."""
    if Event.objects.filter(actor_id=actor.user_id, act=ENDED).exists():
        return None
    steps = steps_for(actor.roles)
    number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) == 1 else 1
    return Tour(steps, min(max(number, 1), len(steps)))


def end_tour(actor: Actor) -> None:
    """Close the tour for good. Writes: one event, the first time."""
    if not Event.objects.filter(actor_id=actor.user_id, act=ENDED).exists():
        record_event(actor, ENDED)
