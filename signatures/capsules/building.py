"""Building an evidence capsule: one zip that anyone can check without this product.

Owns the order of its parts and the one steady view of the database they are read in. Files are
copied after that transaction, so that a large lot keeps none open. Serves: 21 CFR 11.10(b), 11.30, 11.70.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

from cryptography.hazmat.primitives import serialization
from django.conf import settings
from django.db import connection, transaction

from records.canonical import canonical_bytes, instant_text
from records.clock import now
from records.stores import file_store
from signatures.authority import authority_file, known_revocation_lists, seal_bytes
from signatures.capsules.contents import FileOfRecord, write_record
from signatures.capsules.ledgers import write_ledger
from signatures.capsules.members import MemberWriter
from signatures.capsules.scopes import CapsuleScope
from signatures.capsules.trails import csv_pieces, json_pieces

SCHEMA: Final = "countersign/capsule/1"
HERE: Final = Path(__file__).parent
VERIFIER: Final = HERE / "verify.py"


def build_capsule(
    target: IO[bytes], scope: CapsuleScope, *, given: Mapping[str, str] | None = None, at: dt.datetime | None = None
) -> None:
    """Write the capsule of a scope into an open, seekable file.

    ``given`` are facts about the handing over, such as the export's number. The same state,
    ``given`` and ``at`` give the same bytes. Writes no row. Raises: FileMissing, FileAltered.
    """
    moment = at or now()
    with MemberWriter(target) as writer:
        write_instructions(writer)
        write_trust(writer, moment)
        with steady_view():
            files = write_rows(writer, scope, moment, dict(given or {}))
        for one in files:
            with file_store().open_checked(one.sha256) as stream:
                writer.add_stream(one.member, stream)
        manifest = writer.manifest()
        writer.finish(manifest, seal_bytes(manifest, at=moment))


def write_instructions(writer: MemberWriter) -> None:
    """Write how to check the capsule, and with what."""
    for name in ("VERIFY.txt", "verify.py"):
        writer.add(name, (HERE / name).read_bytes())


def write_trust(writer: MemberWriter, at: dt.datetime) -> None:
    """Write the authorities and what they had revoked by now."""
    writer.add("certificates/ca.pem", authority_file())
    for place, crl in enumerate(known_revocation_lists(at), start=1):
        writer.add(f"certificates/revocations/{place}.crl", crl.public_bytes(serialization.Encoding.DER))


def write_rows(writer: MemberWriter, scope: CapsuleScope, at: dt.datetime, given: dict[str, str]) -> list[FileOfRecord]:
    """Write all that is read from the database; return the files that are still to be copied."""
    files: list[FileOfRecord] = []
    numbers: list[str] = []
    for record in scope.records():
        numbers.append(record.number)
        files += write_record(writer, record)
    of_time = scope.events_of_time()
    if of_time is not None:
        writer.add_pieces("time/trail.csv", csv_pieces(of_time))
        writer.add_pieces("time/trail.json", json_pieces(of_time))
    write_ledger(writer, scope.event_ids())
    writer.add("capsule.json", canonical_bytes(describe_capsule(scope, numbers, at, given)))
    return files


def describe_capsule(scope: CapsuleScope, numbers: list[str], at: dt.datetime, given: dict[str, str]) -> dict[str, Any]:
    """Return what the capsule says about itself."""
    return {
        "schema": SCHEMA,
        "title": scope.title,
        "made_at": instant_text(at),
        "organisation": settings.ORGANISATION,
        "site": settings.SITE_NAME,
        "build": settings.BUILD,
        "records": numbers,
        "since": instant_text(scope.since) if scope.since else "",
        "until": instant_text(scope.until) if scope.until else "",
        "given": given,
    }


@contextlib.contextmanager
def steady_view() -> Iterator[None]:
    """Read everything as of one moment, whatever is written meanwhile; inside a transaction, as that sees it."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
