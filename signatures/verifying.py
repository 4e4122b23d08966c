"""The signatures' part of `manage.py verify`: every row examined from raw data, and no number missing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from records.canonical import content_hash
from records.models import NumberSeries
from records.verifying.findings import Finding, Tally, register_check, shorten
from signatures.checklist import present_trust, verify_stored_signature
from signatures.models import Signature
from signatures.models_capsules import ImportedVersion
from signatures.signing import NUMBER_PREFIX

TABLE = "signatures_signature"
NUMBER = re.compile(rf"^{NUMBER_PREFIX}-(?P<year>\d{{4}})-(?P<count>\d{{4,}})$")


@register_check("signatures")
def check_signatures(tally: Tally) -> Iterator[Finding]:
    """Examine every signature: version, statement, ceremony, event, certificate."""
    trust = present_trust()
    rows = Signature.objects.select_related("version", "record", "certificate", "ceremony", "signer").order_by("pk")
    for signature in rows.iterator(chunk_size=200):
        tally.add("signatures")
        status = verify_stored_signature(signature, trust=trust)
        for check in status.checks:
            for fault in check.faults:
                found = shorten(fault.found)
                yield Finding(
                    f"signature_{check.code}", TABLE, signature.number, fault.field, shorten(fault.expected), found
                )


@register_check("imported versions")
def check_imported_versions(tally: Tally) -> Iterator[Finding]:
    """Hash the content of every version that came with a capsule again."""
    for version in ImportedVersion.objects.order_by("pk").iterator(chunk_size=200):
        tally.add("imported versions")
        found = content_hash(bytes(version.content))
        if found != version.content_hash:
            table = ImportedVersion._meta.db_table
            yield Finding("version_altered", table, str(version.pk), "content", version.content_hash, found)


@register_check("signature numbers")
def check_signature_numbers(tally: Tally) -> Iterator[Finding]:
    """Name each signature number that is missing from its series, or beyond its counter."""
    used: dict[int, set[int]] = {}
    for number in Signature.objects.values_list("number", flat=True):
        parts = NUMBER.match(number)
        if parts is None:
            yield Finding("number_malformed", TABLE, number, "number", f"{NUMBER_PREFIX}-YEAR-0001", number)
            continue
        used.setdefault(int(parts["year"]), set()).add(int(parts["count"]))
    for series in NumberSeries.objects.filter(prefix=NUMBER_PREFIX).order_by("year"):
        given = set(range(1, series.last + 1))
        for count in sorted(given ^ used.pop(series.year, set())):
            key = f"{NUMBER_PREFIX}-{series.year}-{count:04d}"
            kind, found = ("number_missing", "missing") if count in given else ("number_beyond_counter", "beyond")
            yield Finding(kind, TABLE, key, "number", f"1 to {series.last}", found)
    for year in sorted(used):
        yield Finding("number_beyond_counter", TABLE, f"{NUMBER_PREFIX}-{year}", "number", "a counter", "none")
    tally.add("signature numbers", Signature.objects.count())
