"""A challenge set from a zip: photographs, manifest.csv and expected.csv."""

from __future__ import annotations

import csv
import io

from qms.batches.challenges import KnownUnit, register_challenge_set
from qms.batches.errors import ProductNotValid
from qms.batches.errors_images import ManifestUnreadable
from qms.batches.judging import quarantine, read_addition
from qms.batches.manifests import MANIFEST_NAME, match_files, read_manifest
from qms.batches.models import ChallengeSet, Product
from qms.batches.receiving import receive_zip
from records.clock import now
from records.evidence import Actor
from records.filestore import Readable
from records.uploads.deliveries import Delivery

EXPECTED_NAME = "expected.csv"
COLUMNS = ["unit_id", "outcome", "defect"]


def register_from_zip(product: Product, *, actor: Actor, name: str, archive: Readable, reason: str) -> ChallengeSet:
    """Register a challenge set from an uploaded zip; it must be without a single fault.

    Writes and raises as `register_challenge_set`. Raises: the upload's refusals.
    """
    delivery = receive_zip(archive)
    try:
        units = read_known_units(product, delivery)
        return register_challenge_set(product, actor=actor, name=name, units=units, reason=reason)
    finally:
        quarantine().discard(delivery.token)


def read_known_units(product: Product, delivery: Delivery) -> list[KnownUnit]:
    """Return the known units of a received zip. Raises: `ProductNotValid`, `ManifestUnreadable`."""
    if delivery.refused:
        raise ProductNotValid(why=delivery.refused[0].sentence)
    content, expected = read_addition(delivery, MANIFEST_NAME), read_addition(delivery, EXPECTED_NAME)
    if content is None:
        raise ManifestUnreadable(why=f"the zip holds no {MANIFEST_NAME}")
    if expected is None:
        raise ProductNotValid(why=f"the zip holds no {EXPECTED_NAME}")
    manifest = read_manifest(content, received_at=now(), product=product.code)
    pictures = {file.name: file for file in delivery.received if file.name not in (MANIFEST_NAME, EXPECTED_NAME)}
    problems = [*manifest.problems, *match_files(manifest, delivered={n: f.sha256 for n, f in pictures.items()})]
    if problems:
        raise ProductNotValid(why=problems[0].sentence)
    outcomes = read_expected(expected)
    units = []
    for line in manifest.lines:
        if line.unit_id not in outcomes or line.region is None:
            raise ProductNotValid(why=f"unit {line.unit_id} has no expected outcome or no region")
        outcome, defect = outcomes[line.unit_id]
        file = pictures[line.file]
        units.append(
            KnownUnit(
                name=line.unit_id,
                content=quarantine().read(delivery, file),
                region=line.region,
                expected_outcome=outcome,
                expected_defect=defect,
                media_type=file.media_type,
            )
        )
    return units


def read_expected(content: bytes) -> dict[str, tuple[str, str]]:
    """Return outcome and defect by unit. Raises: `ProductNotValid`."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise ProductNotValid(why=f"{EXPECTED_NAME} cannot be read") from None
    if not rows or [cell.strip() for cell in rows[0]] != COLUMNS or any(len(row) != 3 for row in rows if row):
        raise ProductNotValid(why=f"{EXPECTED_NAME} must have the columns unit_id, outcome, defect")
    return {row[0].strip(): (row[1].strip(), row[2].strip()) for row in rows[1:] if row}
