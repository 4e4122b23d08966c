"""Plants for tests: products, stations, lots and batches, made only by the product's own rules.

Everything stands on the photographs of ``examples/vials``. Import what is needed; the
fixtures of ``tests/qms/batches/conftest.py`` are made of it.
"""

from __future__ import annotations

import datetime as dt
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from examples.make_lot_zip import VIALS, Photograph, load_photographs, make_files, make_zip
from qms.batches.access import grant_access
from qms.batches.challenges import KnownUnit, register_challenge_set
from qms.batches.creation import create_batch
from qms.batches.importing import offer_delivery
from qms.batches.inspecting import work_off_run
from qms.batches.models import BatchRecord, FileImport, Lot, Product, Station
from qms.batches.products import DefectEntry, approve_model, create_lot, register_product, register_station
from qms.batches.receiving import receive_zip
from qms.batches.regions import parse_region
from qms.batches.runs import start_inspection
from qms.batches.stations import SIGNATURE_NAME, sign_delivery
from qms.releases.models import ModelVersion
from qms.releases.registering import register_model_version
from records.clock import now
from signatures.ceremonies import open_ceremony
from signatures.signing import Credentials, complete_ceremony
from tests.people import Crew, Person

REASON = "needed for the test plant"
MODELS = VIALS.parent / "models"
LOT = "fentanyl-100"
DEFECTS = (
    DefectEntry("MIX", "Wrong product", "critical", model_class="midazolam"),
    DefectEntry("CRACK", "Crack", "critical"),
    DefectEntry("FILL", "Low fill", "major"),
    DefectEntry("SCRATCH", "Scratch", "minor"),
)
#: Units of the midazolam photographs that the candidate model decides rightly, and how.
CHALLENGE = {"M-006": "good", "M-014": "good", "M-001": "reject", "M-002": "reject", "M-007": "reject"}
#: Mix-ups that the candidate model rejects; the others it leaves undecided.
SURE_MIX_UPS = ("F-022", "F-088", "F-096")
_numbers = itertools.count(1)


@dataclass
class Plant:
    """One product with everything that an inspection of it needs, and who made it."""

    product: Product
    station: Station
    station_key: Ed25519PrivateKey
    model: ModelVersion
    operator: Person
    qa_manager: Person
    data_scientist: Person
    crew: Crew | None = None

    def add(self, username: str, *roles: str, has_access: bool = True) -> Person:
        """Add a person to the plant."""
        assert self.crew is not None
        person = self.crew.add(username, *roles)
        if has_access:
            give_access(self.product, person, qa_manager=self.qa_manager)
        return person


def sign(record: object, action: str, person: Person, *, reason: str = "") -> None:
    """Let a person sign an action on a record, through the whole ceremony."""
    ceremony = open_ceremony(record, action, actor=person.actor())  # type: ignore[arg-type]
    credentials = Credentials(**person.credentials())
    complete_ceremony(ceremony, actor=person.actor(), credentials=credentials, reason=reason)


def make_model(
    author: Person, *, name: str = "vial-identity", version: str = "", path: Path | None = None
) -> ModelVersion:
    """Register the example classifier as a draft."""
    with (path or MODELS / "vial_identity_candidate.onnx").open("rb") as artefact:
        return register_model_version(
            artefact,
            actor=author.actor(),
            name=name,
            version=version or f"1.{next(_numbers)}",
            classes=("fentanyl_citrate", "midazolam"),
            accept_at=Decimal("0.965"),
            reject_at=Decimal("0.90"),
            intended_use="Tells fentanyl citrate vials from midazolam vials on one line.",
            reason=REASON,
        )


def release_model(model: ModelVersion, *, author: Person, qa_manager: Person) -> ModelVersion:
    """Release a model version by the signatures of its route."""
    sign(model, "release", author)
    sign(model, "release", qa_manager)
    return ModelVersion.objects.get(pk=model.pk)


def make_product(
    qa_manager: Person, *, code: str = "", name: str = "Fentanyl citrate 50 µg/ml", random_check_size: int = 5
) -> Product:
    """Register a product of fentanyl vials."""
    return register_product(
        actor=qa_manager.actor(),
        reason=REASON,
        defects=DEFECTS,
        code=code or f"FEN-{next(_numbers)}",
        name=name,
        container="Vial 2R",
        expected_class="fentanyl_citrate",
        random_check_size=random_check_size,
        reject_rate_limit=Decimal(10),
        critical_rate_limit=Decimal(8),
        inspection_level="II",
        aql_critical="0.065",
        aql_major="0.65",
        aql_minor="4.0",
        reconciliation_tolerance=0,
    )


def make_station(
    qa_manager: Person, *, code: str = "", key: Ed25519PrivateKey | None = None, qualified_for_days: int = 200
) -> tuple[Station, Ed25519PrivateKey]:
    """Register a station; return it with its private key, as its maker holds it."""
    key = key or Ed25519PrivateKey.generate()
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    number = next(_numbers)
    station = register_station(
        actor=qa_manager.actor(),
        reason=REASON,
        code=code or f"ST-{number}",
        name=f"Camera station {number}",
        public_key=pem.decode(),
        qualified_until=now().date() + dt.timedelta(days=qualified_for_days),
    )
    return station, key


def known_units() -> list[KnownUnit]:
    """Return a challenge set from photographs that are in no example lot of the product."""
    photographs = {photograph.unit_id: photograph for photograph in load_photographs("midazolam-30")}
    return [
        KnownUnit(
            name=unit,
            content=photographs[unit].read(),
            region=parse_region(*photographs[unit].region),
            expected_outcome=expected,
            expected_defect="MIX" if expected == "reject" else "",
        )
        for unit, expected in CHALLENGE.items()
    ]


def make_plant(*, operator: Person, qa_manager: Person, data_scientist: Person, random_check_size: int = 5) -> Plant:
    """Make one product that is ready for batches: model released and approved, station, challenge set."""
    product = make_product(qa_manager, random_check_size=random_check_size)
    for person in (operator, data_scientist):
        give_access(product, person, qa_manager=qa_manager)
    station, key = make_station(qa_manager)
    model = release_model(make_model(data_scientist), author=data_scientist, qa_manager=qa_manager)
    approve_model(product, model_version=model, actor=qa_manager.actor(), reason=REASON)
    register_challenge_set(product, actor=qa_manager.actor(), name="Mix-ups", units=known_units(), reason=REASON)
    return Plant(product, station, key, model, operator, qa_manager, data_scientist)


def make_whole_plant(crew: Crew) -> Plant:
    """Make the people a plant needs, and the plant."""
    plant = make_plant(
        operator=crew.add("operator", "operator", printed_name="Ana Silva"),
        qa_manager=crew.add("qa_manager", "qa_manager", printed_name="Maria Chen"),
        data_scientist=crew.add("data_scientist", "data_scientist", printed_name="Dev Rao"),
    )
    plant.crew = crew
    return plant


def give_access(product: Product, person: Person, *, qa_manager: Person) -> None:
    """Let a person see and work on a product."""
    grant_access(product, person=person.user, actor=qa_manager.actor(), reason=REASON)


def make_lot(plant: Plant, *, number: str = "", size: int = 100) -> Lot:
    """Create a lot."""
    return create_lot(
        plant.product,
        actor=plant.operator.actor(),
        number=number or f"L-{70000 + next(_numbers)}",
        size=size,
        manufactured_on=dt.date(2026, 3, 1),
        expires_on=dt.date(2028, 3, 1),
    )


def batch_open(plant: Plant, *, units: int = 10, lot: Lot | None = None) -> BatchRecord:
    """Create a batch record that waits for its images."""
    lot = lot or make_lot(plant, size=max(units, 100))
    return create_batch(lot, actor=plant.operator.actor(), station=plant.station, units_received=units)


def photographs(count: int = 10, *, mix_ups: int = 1) -> list[Photograph]:
    """Return some of the lot's photographs, the last of them vials of the other product."""
    everything = load_photographs(LOT)
    wrong = [unit for unit in everything if unit.product == "midazolam"]
    right = [unit for unit in everything if unit.product != "midazolam"]
    wrong.sort(key=lambda unit: unit.unit_id not in SURE_MIX_UPS)
    mix_ups = min(mix_ups, count, len(wrong))
    return [*right[: count - mix_ups], *wrong[:mix_ups]]


def delivery_files(plant: Plant, batch: BatchRecord, units: Sequence[Photograph], **faults: Any) -> dict[str, bytes]:
    """Return a station's signed delivery as {name: content}."""
    files = make_files(units, lot=batch.lot.number, product=batch.lot.product.code, **faults)
    return sign_files(plant, batch, files)


def sign_files(
    plant: Plant, batch: BatchRecord, files: dict[str, bytes], *, signed_at: dt.datetime | None = None
) -> dict[str, bytes]:
    """Return files with the station's signature over their manifest."""
    signature = sign_delivery(
        plant.station_key,
        station=plant.station.code,
        lot=batch.lot.number,
        signed_at=signed_at or now(),
        manifest=files["manifest.csv"],
    )
    return {**files, SIGNATURE_NAME: signature}


def offer(
    plant: Plant, batch: BatchRecord, files: dict[str, bytes], *, manual_reason: str = "", name: str = "delivery.zip"
) -> FileImport:
    """Upload a delivery as a zip, as the operator."""
    delivery = receive_zip(io.BytesIO(make_zip(files)))
    return offer_delivery(
        batch, actor=plant.operator.actor(), delivery=delivery, source_name=name, manual_reason=manual_reason
    )


def batch_ready(plant: Plant, *, units: int = 10, mix_ups: int = 1) -> BatchRecord:
    """Return a batch whose images are complete."""
    batch = batch_open(plant, units=units)
    offer(plant, batch, delivery_files(plant, batch, photographs(units, mix_ups=mix_ups)))
    return BatchRecord.objects.get(pk=batch.pk)


def batch_started(plant: Plant, *, units: int = 10, mix_ups: int = 1) -> BatchRecord:
    """Return a batch whose inspection is started and waits for a worker."""
    return start_inspection(batch_ready(plant, units=units, mix_ups=mix_ups), actor=plant.operator.actor())


def batch_inspected(plant: Plant, *, units: int = 10, mix_ups: int = 1) -> BatchRecord:
    """Return a batch that the model has decided and people have not."""
    batch = batch_started(plant, units=units, mix_ups=mix_ups)
    work_off_run(batch.runs.get().pk)
    return BatchRecord.objects.get(pk=batch.pk)
