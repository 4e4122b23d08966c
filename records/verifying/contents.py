"""Versions ↔ hashes, files ↔ hashes, numbers without gaps, guards as declared."""

from __future__ import annotations

import re
from collections.abc import Iterator

from records.canonical import canonical_bytes, content_hash, parse_canonical
from records.checks import find_guard_faults
from records.errors import Refusal
from records.models import ControlledRecord, NumberSeries, StoredFile, Version
from records.stores import file_store
from records.verifying.findings import Finding, Tally, register_check, shorten

NUMBER = re.compile(r"^(?P<prefix>[A-Z]+)-(?P<year>\d{4})-(?P<count>\d{4,})$")


@register_check("guards", incremental=True)
def check_guards(tally: Tally) -> Iterator[Finding]:
    """Name each database guard that is not as the models declare it."""
    for fault in find_guard_faults():
        yield Finding("guard_altered", fault.table, fault.guard, "", fault.expected, fault.found)
    tally.add("guard checks")


@register_check("versions")
def check_versions(tally: Tally) -> Iterator[Finding]:
    """Hash every version's content again and read it as canonical."""
    for version in Version.objects.order_by("pk").iterator(chunk_size=200):
        tally.add("versions")
        content = bytes(version.content)
        found = content_hash(content)
        if found != version.content_hash:
            yield Finding("version_altered", "records_version", str(version.pk), "content", version.content_hash, found)
            continue
        try:
            again = canonical_bytes(parse_canonical(content))
        except Refusal as refusal:
            yield Finding(
                "version_not_canonical", "records_version", str(version.pk), "content", "RFC 8785", shorten(refusal)
            )
            continue
        if again != content:
            yield Finding(
                "version_not_canonical", "records_version", str(version.pk), "content", "RFC 8785", "another form"
            )


@register_check("version order")
def check_version_order(tally: Tally) -> Iterator[Finding]:
    """Name each gap in a record's version numbers."""
    last: dict[int, int] = {}
    for pk, record_id, number in Version.objects.order_by("record_id", "number").values_list(
        "pk", "record_id", "number"
    ):
        expected = last.get(record_id, 0) + 1
        if number != expected:
            yield Finding("version_gap", "records_version", str(pk), "number", str(expected), str(number))
        last[record_id] = number
    tally.add("version series", len(last))


@register_check("files")
def check_files(tally: Tally) -> Iterator[Finding]:
    """Hash every stored file again; name altered, lost and foreign ones."""
    rows = dict(StoredFile.objects.values_list("sha256", "size"))
    tally.add("files", len(rows))
    store = file_store()
    for problem in store.sweep(rows):
        yield Finding(f"file_{problem.kind}", "records_storedfile", problem.name, "", problem.expected, problem.found)
    for digest, size in rows.items():
        if store.has(digest) and store.path_of(digest).stat().st_size != size:
            yield Finding(
                "file_size", "records_storedfile", digest, "size", str(size), str(store.path_of(digest).stat().st_size)
            )


@register_check("numbers")
def check_numbers(tally: Tally) -> Iterator[Finding]:
    """Name each record number that is missing from its series, or beyond its counter."""
    counters = {(row.prefix, row.year): row.last for row in NumberSeries.objects.all()}
    used: dict[tuple[str, int], set[int]] = {}
    for pk, number in ControlledRecord.objects.values_list("pk", "number"):
        parts = NUMBER.match(number)
        if parts is None:
            yield Finding("number_malformed", "records_controlledrecord", str(pk), "number", "PREFIX-YEAR-0001", number)
            continue
        used.setdefault((parts["prefix"], int(parts["year"])), set()).add(int(parts["count"]))
    for (prefix, year), counts in used.items():
        last = counters.get((prefix, year), 0)
        for count in sorted(set(range(1, max(last, *counts) + 1)) ^ (counts & set(range(1, last + 1)))):
            kind = "number_missing" if count not in counts else "number_beyond_counter"
            yield Finding(
                kind,
                "records_controlledrecord",
                f"{prefix}-{year}-{count:04d}",
                "number",
                f"1 to {last}",
                "missing" if count not in counts else "beyond",
            )
    tally.add("number series", len(used))
