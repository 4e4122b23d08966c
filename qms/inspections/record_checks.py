"""Everything about one record recomputed on the spot, as a checklist a first-time reader understands.

Nothing stored is believed: hashes, signatures, certificates and files are computed again,
and the record's rows are compared with their history. Serves: 21 CFR 11.10(a), 11.70.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from records.canonical import canonical_bytes, content_hash
from records.models import ControlledRecord, Event
from records.stores import file_store
from records.verifying.rows import check_row
from signatures.checklist import present_trust, verify_stored_signature

ASK = "Keep everything as it is and ask the quality unit for an explanation in writing."


@dataclass(frozen=True, slots=True)
class Line:
    """One check: what was checked, what came of it and, where it failed, what to do."""

    title: str
    explanation: str
    digest: str = ""
    is_met: bool = True
    next_step: str = ASK


def failed(title: str, explanation: str, digest: str = "") -> Line:
    """Return a check that is not met."""
    return Line(title, explanation, digest, is_met=False)


def check_record(record: ControlledRecord) -> list[Line]:
    """Return all checks of a record, in the order a reader asks for them."""
    return [
        *check_versions(record),
        *check_signatures(record),
        *check_rows(record),
        *check_files(record),
        *check_trail(record),
    ]


def check_versions(record: ControlledRecord) -> Iterator[Line]:
    """Recompute each version's hash, and whether the newest is what stands there today."""
    newest = None
    for newest in record.versions.order_by("number"):
        found, title = content_hash(bytes(newest.content)), f"Content of version {newest.number}"
        if found == newest.content_hash:
            yield Line(title, "Its bytes give exactly the SHA-256 that was recorded when it was frozen.", found)
        else:
            text = f"Its bytes now give {found}, but {newest.content_hash} was recorded: the frozen copy was altered."
            yield failed(title, text, found)
    if newest is None:
        yield Line("No version yet", "The record has not entered review, so nothing was frozen or signed.")
        return
    today, title = content_hash(canonical_bytes(record.content())), "The record today"
    if today == newest.content_hash:
        yield Line(title, f"What the record says today is exactly version {newest.number}.", today)
    elif has_later_acts(record, newest.number):
        text = "The signatures below cover that version, not the later changes; the history shows who made them."
        yield Line(title, f"The record was changed after version {newest.number}. {text}", today)
    else:
        text = "and no act in the history explains it."
        yield failed(title, f"What the record says differs from version {newest.number}, {text}", today)


def has_later_acts(record: ControlledRecord, number: int) -> bool:
    """Tell whether the trail explains a difference to the last version by later acts."""
    frozen = Event.objects.filter(record_id=record.pk, act="records.version.frozen", details__version=number).first()
    return frozen is None or record.events.filter(pk__gt=frozen.pk).exclude(changes=None).exists()


def check_signatures(record: ControlledRecord) -> Iterator[Line]:
    """Verify each signature: intact, bound to its version and person, certificate valid then."""
    trust = present_trust()
    for signature in record.signatures.order_by("id"):
        status = verify_stored_signature(signature, trust=trust)
        title = f"Signature {signature.number}: {signature.printed_name}"
        if status.bottom_line:
            text = "It covers this very version, belongs to this person and meaning; the certificate was valid then."
            yield Line(title, text)
        else:
            yield failed(title, " ".join(status.reasons))


def check_rows(record: ControlledRecord) -> Iterator[Line]:
    """Compare the record's own rows with their history."""
    models: dict[type[ControlledRecord], None] = dict.fromkeys((type(record), ControlledRecord))
    for model in models:
        name = str(model._meta.verbose_name)
        wrong = list(check_row(model, record.pk))
        for found in wrong:
            yield failed(
                f"History of the {name}",
                f"Field {found.field or 'row'}: the history says {found.expected}, found was {found.found}.",
            )
        if not wrong:
            yield Line(
                f"History of the {name}",
                "The row equals its newest snapshot, and the snapshots follow one another without a gap.",
            )


def check_files(record: ControlledRecord) -> Iterator[Line]:
    """Hash every file of the record again."""
    digests = sorted(set(files_of_record(record)))
    wrong = [problem for digest in digests if (problem := file_store().check(digest)) is not None]
    for problem in wrong:
        yield failed(
            f"File {problem.name[:12]}",
            f"It is {problem.kind}: expected {problem.expected[:12]}, found {problem.found[:80] or 'nothing'}.",
        )
    if digests and not wrong:
        yield Line(
            f"{len(digests)} files",
            "Every photograph, attachment and sealed PDF still has the SHA-256 under which it was stored.",
        )


def files_of_record(record: ControlledRecord) -> Iterator[str]:
    """Yield the SHA-256 of each file that belongs to a record."""
    yield from record.attachments.values_list("file_id", flat=True)
    for version in record.versions.all():
        yield from version.renditions.values_list("file_id", flat=True)
    images: Any = getattr(record, "images", None)
    if images is not None:
        yield from images.values_list("original_id", flat=True)


def check_trail(record: ControlledRecord) -> Iterator[Line]:
    """Say how many events tell this record's life, and that each has its person."""
    events, title = record.events.count(), "The audit trail"
    nameless = record.events.filter(actor_username="").count()
    if events and not nameless:
        text = f"{events:,} events, each with who, when and what; PostgreSQL refuses to change or delete them."
        yield Line(title, text)
    else:
        yield failed(title, f"{nameless} of {events:,} events name nobody.")
