"""What a capsule holds of one record: its description, versions, signatures and the list of its files.

Reads rows only; files are named by their SHA-256 and copied later, when no transaction is open.
Serves: 21 CFR 11.10(b), 11.50, 11.70.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from records.canonical import canonical_bytes, instant_text
from records.models import ControlledRecord
from signatures.capsules.members import MemberWriter, safe_name
from signatures.capsules.trails import csv_pieces, json_pieces
from signatures.models import Signature
from signatures.subjects import subject_of


@dataclass(frozen=True, slots=True)
class FileOfRecord:
    """One file of the store under its name in the capsule."""

    member: str
    sha256: str
    name: str = ""
    purpose: str = ""


def write_record(writer: MemberWriter, record: ControlledRecord) -> list[FileOfRecord]:
    """Write everything about a record but its files; return those, renditions included."""
    folder = f"records/{record.number}/"
    files, renditions = list(files_of(record)), list(renditions_of(record))
    writer.add(f"{folder}record.json", canonical_bytes(describe_record(record, files)))
    for version in record.versions.order_by("number").iterator(chunk_size=20):
        writer.add(f"{folder}versions/v{version.number}.json", bytes(version.content))
    for signature in signatures_of(record):
        base = f"{folder}signatures/{signature.number}"
        writer.add(f"{base}.statement.json", bytes(signature.statement))
        writer.add(f"{base}.p7s", bytes(signature.cms))
        writer.add(f"{base}.certificate.pem", signature.certificate.certificate_pem.encode())
    events = record.events.all()
    writer.add_pieces(f"{folder}trail.csv", csv_pieces(events))
    writer.add_pieces(f"{folder}trail.json", json_pieces(events))
    return [FileOfRecord(f"{folder}{one.member}", one.sha256) for one in [*renditions, *files]]


def signatures_of(record: ControlledRecord) -> Iterator[Signature]:
    """Yield a record's signatures in their order."""
    rows = record.signatures.select_related("certificate", "version").order_by("id")
    yield from rows.iterator(chunk_size=50)


def renditions_of(record: ControlledRecord) -> Iterator[FileOfRecord]:
    """Yield the sealed PDFs of a record."""
    for version in record.versions.defer("content").prefetch_related("renditions").order_by("number"):
        for row in sorted(version.renditions.all(), key=lambda one: one.action):
            yield FileOfRecord(f"renditions/v{version.number}-{row.action}.pdf", row.file_id)


def files_of(record: ControlledRecord) -> Iterator[FileOfRecord]:
    """Yield the attachments of a record and what else its kind counts among its files, each under one name."""
    found = [(row.name, row.file_id, row.purpose) for row in record.attachments.order_by("id")]
    found += [(one.name, one.sha256, one.purpose) for one in subject_of(record.kind).files(record)]
    for place, (name, digest, purpose) in enumerate(found, start=1):
        yield FileOfRecord(f"files/{place:05d}-{safe_name(name)}", digest, name, purpose)


def describe_record(record: ControlledRecord, files: list[FileOfRecord]) -> dict[str, Any]:
    """Return what a reader needs to find a record's way around its own part of the capsule."""
    versions = record.versions.defer("content").prefetch_related("renditions").order_by("number")
    return {
        "id": record.pk,
        "number": record.number,
        "kind": record.kind,
        "title": record.title,
        "state": record.state,
        "created_at": instant_text(record.created_at),
        "retention_rule": record.retention_rule,
        "versions": [
            {
                "number": row.number,
                "revision": row.revision,
                "content_hash": row.content_hash,
                "frozen_at": instant_text(row.frozen_at),
                "reason": row.reason,
            }
            for row in versions
        ],
        "signatures": [describe_signature(row) for row in signatures_of(record)],
        "renditions": [
            {"version": row.number, "action": one.action, "sha256": one.file_id}
            for row in versions
            for one in sorted(row.renditions.all(), key=lambda found: found.action)
        ],
        "files": [
            {"member": one.member, "name": one.name, "purpose": one.purpose, "sha256": one.sha256} for one in files
        ],
    }


def describe_signature(row: Signature) -> dict[str, Any]:
    """Return a signature as the record shows it; its statement says the same, signed."""
    return {
        "number": row.number,
        "version": row.version.number,
        "action": row.action,
        "meaning": row.meaning,
        "seat": row.seat,
        "is_decline": row.is_decline,
        "username": row.username,
        "printed_name": row.printed_name,
        "role": row.role,
        "reason": row.reason,
        "signed_at": instant_text(row.signed_at),
        "time_zone": row.time_zone,
    }
