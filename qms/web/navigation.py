"""The main navigation: one list, and what of it a person may open.

Never grants anything: each page checks for itself. Names pages of other apps only by
their address names, so that the shell imports none of them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse

EVERYONE: frozenset[str] = frozenset()
WORKERS = frozenset(
    {"operator", "second_inspector", "reviewer", "qa_manager", "validation_engineer", "data_scientist", "sponsor"}
)
QUALITY = frozenset({"operator", "second_inspector", "reviewer", "qa_manager"})


READERS = frozenset({"reviewer", "qa_manager", "inspector"})
VALIDATION_READERS = frozenset({"validation_engineer", "qa_manager", "reviewer", "data_scientist"})
BATCH_READERS = QUALITY | {"validation_engineer", "data_scientist"}


@dataclass(frozen=True)
class Entry:
    """One place: its word, sign, address name, the key after ``g``, and who may open it."""

    label: str
    icon: str
    name: str
    key: str
    roles: frozenset[str]


@dataclass(frozen=True)
class Link:
    """One entry as shown on one page; ``current`` is the value of ``aria-current`` or empty."""

    label: str
    icon: str
    url: str
    key: str
    current: str


ENTRIES = (
    Entry("Home", "home", "home:home", "h", EVERYONE),
    Entry("Batches", "batch", "batches:batch-list", "b", BATCH_READERS),
    Entry("Models", "model", "releases:model-list", "m", WORKERS - {"sponsor"}),
    Entry("Validation", "shield", "validating:system-list", "v", VALIDATION_READERS),
    Entry("Inspections", "inspect", "inspections:inspection-list", "i", frozenset({"qa_manager"})),
    Entry("Audit trail", "history", "inspections:search", "a", READERS),
    Entry("People", "people", "accounts:person-list", "u", frozenset({"administrator", "security_officer"})),
    Entry("System", "gear", "home:system", "s", frozenset({"administrator"})),
)

# The search box goes to the first of these that the person may open.
SEARCHES = (("inspections:search", READERS), ("batches:batch-list", BATCH_READERS))


def find_url(name: str, *args: object) -> str:
    """Return the address of a page by name, or nothing where that app is not mounted."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def find_search(roles: Collection[str]) -> str:
    """Return where the search box of the header leads for these roles, or nothing."""
    for name, readers in SEARCHES:
        if readers.intersection(roles):
            return find_url(name)
    return ""


def list_links(path: str, *, roles: Collection[str], entries: Collection[Entry] = ENTRIES) -> list[Link]:
    """Return the entries that these roles may open, the one that holds this path marked."""
    open_to = [entry for entry in entries if not entry.roles or entry.roles.intersection(roles)]
    found = [(entry, url) for entry in open_to if (url := find_url(entry.name))]
    holding = max(
        (url for _, url in found if path == url or (url != "/" and path.startswith(url))), key=len, default=""
    )
    return [Link(entry.label, entry.icon, url, entry.key, _current(url, path, holding=holding)) for entry, url in found]


def _current(url: str, path: str, *, holding: str) -> str:
    if url != holding:
        return ""
    return "page" if url == path else "true"
