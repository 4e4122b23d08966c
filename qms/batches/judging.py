"""Judging a delivery against its manifest, its batch and its station, before anything is stored.

Reads quarantine and database; writes nothing. Serves: 21 CFR 11.10(a)(h).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from qms.batches.errors_images import ManifestUnreadable
from qms.batches.errors_imports import DeliveryReplayed, ManualReasonMissing
from qms.batches.manifests import MANIFEST_NAME, Manifest, ManifestLine, match_files, read_manifest
from qms.batches.models import BatchRecord, Station, StationDelivery
from qms.batches.products import read_station_key
from qms.batches.stations import SIGNATURE_NAME, DeliverySignature, StationFacts, check_delivery, read_signature
from records.acting import check_reason
from records.clock import now
from records.uploads.deliveries import Delivery, Quarantine, ReceivedFile

ADDITIONS = (MANIFEST_NAME, SIGNATURE_NAME)


@dataclass(frozen=True, slots=True)
class GoodFile:
    """One photograph that can be taken, with what the manifest says of its unit."""

    number: int
    name: str
    unit_id: str
    sha256: str
    region: dict[str, str] | None
    captured_at: str

    def as_json(self) -> dict[str, Any]:
        """Return the facts as the import keeps them until the choice."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Problem:
    """One file or manifest line that is refused."""

    name: str
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What of a delivery can be taken, what is refused, and the station's signature if it has one."""

    good: tuple[GoodFile, ...]
    refused: tuple[Problem, ...]
    signature: DeliverySignature | None


def quarantine() -> Quarantine:
    """Return where deliveries wait in this installation."""
    return Quarantine(Path(settings.VAR) / "quarantine")


def judge_delivery(batch: BatchRecord, delivery: Delivery, *, manual_reason: str) -> Judgement:
    """Return what of a delivery can be taken for a batch and what is refused, each named.

    Raises: `ManifestUnreadable`, `ManualReasonMissing` and the station's refusals when
    the delivery as a whole is refused.
    """
    manifest_bytes = read_addition(delivery, MANIFEST_NAME)
    if manifest_bytes is None:
        raise ManifestUnreadable(why=f"the delivery holds no {MANIFEST_NAME}")
    received_at = now()
    signature = judge_origin(batch, delivery, manifest_bytes, manual_reason=manual_reason, received_at=received_at)
    manifest = read_manifest(
        manifest_bytes, received_at=received_at, lot=batch.lot.number, product=batch.lot.product.code
    )
    pictures = {file.name: file for file in delivery.received if file.name not in ADDITIONS}
    problems = {row.name: Problem(row.name, row.code, row.sentence) for row in delivery.refused}
    for found in manifest_problems(manifest, pictures):
        problems.setdefault(found.name, found)
    for found in repeated_in_batch(batch, manifest.lines):
        problems.setdefault(found.name, found)
    good = [
        make_good(line, pictures[line.file])
        for line in manifest.lines
        if line.file in pictures and line.file not in problems
    ]
    return Judgement(tuple(good), tuple(problems.values()), signature)


def judge_origin(
    batch: BatchRecord, delivery: Delivery, manifest: bytes, *, manual_reason: str, received_at: dt.datetime
) -> DeliverySignature | None:
    """Return the station's checked signature; None for a delivery taken by hand with a reason.

    A signature that is there must be right: a reason never excuses a wrong one.
    Raises: `ManualReasonMissing`, `DeliveryReplayed` and the station's refusals.
    Serves: 21 CFR 11.10(h).
    """
    content = read_addition(delivery, SIGNATURE_NAME)
    if content is None:
        if not manual_reason.strip():
            raise ManualReasonMissing
        check_reason(manual_reason)
        return None
    signed = read_signature(content)
    station = Station.objects.get(pk=batch.station_id)
    facts = StationFacts(
        code=station.code,
        lot=batch.lot.number,
        public_key=read_station_key(station.public_key),
        qualified_until=station.qualified_until,
    )
    check_delivery(signed, station=facts, manifest=manifest, received_at=received_at)
    if StationDelivery.objects.filter(station=station, nonce=signed.nonce).exists():
        raise DeliveryReplayed
    return signed


def read_addition(delivery: Delivery, name: str) -> bytes | None:
    """Return the bytes of a delivery's manifest or signature, or None if it has none."""
    file = next((file for file in delivery.received if file.name.casefold() == name), None)
    return None if file is None else quarantine().read(delivery, file)


def manifest_problems(manifest: Manifest, pictures: dict[str, ReceivedFile]) -> Iterable[Problem]:
    """Yield what is wrong with lines of the manifest, and where files and manifest disagree."""
    delivered = {name: file.sha256 for name, file in pictures.items()}
    for row in (*manifest.problems, *match_files(manifest, delivered=delivered)):
        yield Problem(row.file or f"{MANIFEST_NAME}, line {row.line}", row.code, row.sentence)


def repeated_in_batch(batch: BatchRecord, lines: Iterable[ManifestLine]) -> Iterable[Problem]:
    """Yield the lines whose unit or photograph the batch has already."""
    units: dict[str, str] = dict(batch.images.values_list("unit_id", "original_id"))
    owners = {digest: unit for unit, digest in units.items()}
    for line in lines:
        if line.unit_id in units:
            sentence = f"Unit {line.unit_id} has a photograph in {batch.number} already."
            yield Problem(line.file, "batches.import.unit_repeated", sentence)
        elif line.sha256 in owners:
            sentence = f"The photograph is in {batch.number} already, as unit {owners[line.sha256]}."
            yield Problem(line.file, "batches.import.photograph_repeated", sentence)


def make_good(line: ManifestLine, file: ReceivedFile) -> GoodFile:
    """Return the facts of one photograph that can be taken."""
    region = None
    if line.region is not None:
        region = dict(zip(("x", "y", "width", "height"), line.region.as_texts(), strict=True))
    return GoodFile(file.number, file.name, line.unit_id, file.sha256, region, line.captured_at.isoformat())
