"""The registry of acts: dotted, past tense, each with the sentence the timeline prints.

Each app registers its own in its ``acts.py``; `records.acting` refuses any other, so an
event never carries an act that nobody can read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_REGISTRY: dict[str, Act] = {}

CATEGORIES = ("change", "signature", "access", "security", "system")


@dataclass(frozen=True, slots=True)
class Act:
    """One kind of act: its name, its sentence, its timeline category.

    ``sentence`` is a predicate after the actor's name; it may hold places that are
    filled from the event's details, such as ``signed {meaning}``.
    ``needs_reason`` makes `records.acting` refuse an empty reason.
    """

    name: str
    sentence: str
    category: str = "change"
    needs_reason: bool = False


def register(acts: Mapping[str, tuple[Any, ...]]) -> dict[str, Act]:
    """Register acts given as name → (sentence, category[, needs_reason]); return them."""
    made = {}
    for name, facts in acts.items():
        sentence, category = facts[0], facts[1]
        if category not in CATEGORIES:
            raise LookupError(f"{name}: unknown category {category}")
        if name in _REGISTRY:
            raise LookupError(f"{name} is registered twice")
        made[name] = Act(name, sentence, category, bool(facts[2]) if len(facts) > 2 else False)
    _REGISTRY.update(made)
    return made


def find_act(name: str) -> Act | None:
    """Return the act of that name, or None."""
    return _REGISTRY.get(name)


def acts_in(category: str) -> tuple[str, ...]:
    """Return the names of all acts of a category, sorted."""
    return tuple(sorted(name for name, act in _REGISTRY.items() if act.category == category))


def all_acts() -> tuple[Act, ...]:
    """Return every registered act, sorted by name."""
    return tuple(_REGISTRY[name] for name in sorted(_REGISTRY))


ACTS = register(
    {
        "records.record.created": ("created {number}", "change"),
        "records.record.edited": ("edited {number}", "change", True),
        "records.version.frozen": ("froze version {version} of {number}", "change"),
        "records.attachment.added": ("attached {name} to {number}", "change"),
        "records.rendition.made": ("made the sealed PDF of {number} version {version}", "system"),
        "records.upload.refused": ("offered files that were refused: {summary}", "security"),
        "records.access.denied": ("was refused {path}: {code}", "security"),
        "records.act.refused": ("tried “{action}” on {number}: {code}", "security"),
        "records.clock.disagreed": ("found the clocks {seconds} s apart", "security"),
        "records.verify.finished": ("verified the records: {findings} findings", "system"),
        "records.key.rotated": ("rotated the key {name} to version {version}", "security", True),
        "records.sealing.delayed": ("found sealing {seconds} s behind, {waiting} events waiting", "security"),
        "records.sealing.recovered": ("found sealing keeping up again", "system"),
        "records.witness.refused": ("was refused by the witness at {size} leaves: {code}", "security"),
        "records.stamping.delayed": ("found the time stamps {seconds} s behind", "security"),
        "records.stamping.recovered": ("found the time stamps keeping up again", "system"),
        "records.installation.started": ("installed Countersign", "system"),
    }
)
