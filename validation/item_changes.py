"""What became of configuration items between two lists of them, in words. Pure.

An item is known by kind and name; it is the same while version and SHA-256 are.
Serves: EU GMP Annex 11 §10; draft Annex 22 §10.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

REPLACED = "{name} {version} is in use; {earlier} was listed."
OTHER_DIGEST = "{name} {version} has another SHA-256 than listed."
ENDED = "{name} {version} is no longer in use."
ADDED = "{name} {version} was added."


@dataclass(frozen=True, slots=True)
class ItemChange:
    """One difference: its sentence with places for the facts, and the facts."""

    message: str
    facts: Mapping[str, str]

    @property
    def text(self) -> str:
        """Return the sentence."""
        return self.message.format_map(self.facts)


def find_changes(listed: Iterable[Mapping[str, Any]], in_use: Iterable[Mapping[str, Any]]) -> list[ItemChange]:
    """Return how the items in use differ from a list, the listed ones first."""
    was = {key_of(item): item for item in listed}
    now = {key_of(item): item for item in in_use}
    found = [change for key, item in was.items() if (change := compare_item(item, now.get(key)))]
    found += [ItemChange(ADDED, name_item(item)) for key, item in now.items() if key not in was]
    return found


def compare_item(item: Mapping[str, Any], present: Mapping[str, Any] | None) -> ItemChange | None:
    """Return what became of one listed item; nothing while it is the same."""
    if present is None:
        return ItemChange(ENDED, name_item(item))
    if present["version"] != item["version"]:
        return ItemChange(REPLACED, {**name_item(present), "earlier": item["version"]})
    if present["sha256"] != item["sha256"]:
        return ItemChange(OTHER_DIGEST, name_item(present))
    return None


def key_of(item: Mapping[str, Any]) -> tuple[str, str]:
    """Return what an item is known by."""
    return str(item["kind"]), str(item["name"])


def name_item(item: Mapping[str, Any]) -> dict[str, str]:
    """Return an item's name and version as facts of a sentence."""
    return {"name": str(item["name"]), "version": str(item["version"])}
