"""What a form of each address would send, so that a missing gate would let something be written."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.files.uploadedfile import SimpleUploadedFile

from examples.make_lot_zip import make_zip
from qms.batches.models import BatchRecord
from qms.batches.products import newest_snapshot
from records.clock import now
from tests.plant_data import MODELS, delivery_files, photographs
from tests.qms.scene import Place, Scene

REASON = "tried by a test of access"
REASON_FOR_A_BATCH = (
    "batches:batch-withdraw",
    "batches:import-complete",
    "batches:run-start",
    "batches:run-retry",
    "batches:run-hand-over",
    "batches:quarantine-lift",
    "batches:return",
)
REASON_FOR_A_PERSON = (
    "accounts:role-end",
    "accounts:person-deactivate",
    "accounts:person-reactivate",
    "accounts:person-unlock",
    "accounts:person-reset",
    "accounts:certificate-revoke",
)


def make_bodies(scene: Scene, place: Place) -> dict[str, dict[str, Any]]:
    """Return the fields that a person of the place would send to each address that takes any."""
    return {
        **batch_bodies(place),
        **review_bodies(place),
        **master_bodies(scene, place),
        **people_bodies(scene),
        **regulator_bodies(scene, place),
        "signing:open": {"reason": REASON},
        "signing:ceremony": {"password": "a password", "code": "123456", "reason": REASON, "username": ""},
    }


def batch_bodies(place: Place) -> dict[str, dict[str, Any]]:
    batch = BatchRecord.objects.get(pk=place.batch.pk)
    files = delivery_files(place.plant, batch, photographs(3))
    return {
        "batches:batch-new": {"lot": place.lot.pk, "station": place.plant.station.pk, "units_received": 5},
        "batches:batch-edit": {
            "units_received": 9,
            "note": "changed",
            "reason": REASON,
            "revision": batch.revision,
        },
        "batches:import-new": {"archive": upload("delivery.zip", make_zip(files)), "manual_reason": REASON},
        **{route: {"reason": REASON} for route in REASON_FOR_A_BATCH},
    }


def review_bodies(place: Place) -> dict[str, dict[str, Any]]:
    return {
        "batches:unit-decide": {"action": "agree", "seen": 0},
        "batches:unit-verify": {"answer": "refuse", "reason": REASON, "seen": 0},
        "batches:sample": {"none": "1"},
        "batches:reconciliation": {"destroyed": 0, "explanation": "nothing is missing"},
        "batches:investigation": {"conclusion": "It was looked into and nothing was found to be wrong."},
        "batches:disposition": {"action": "reject", "reason": REASON},
    }


def master_bodies(scene: Scene, place: Place) -> dict[str, dict[str, Any]]:
    product, station = place.plant.product, place.plant.station
    limits = {
        "name": "Renamed product",
        "container": "Vial 2R",
        "expected_class": "fentanyl_citrate",
        "random_check_size": 3,
        "reject_rate_limit": "10",
        "critical_rate_limit": "8",
        "inspection_level": "II",
        "aql_critical": "0.065",
        "aql_major": "0.65",
        "aql_minor": "4.0",
        "reconciliation_tolerance": 0,
        "reason": REASON,
    }
    key = Ed25519PrivateKey.generate().public_key()
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    qualified = (now() + dt.timedelta(days=90)).date().isoformat()
    camera = {"name": "Camera", "public_key": pem, "qualified_until": qualified, "reason": REASON}
    return {
        "batches:product-new": limits | {"code": "NEW-1", "library": "MIX;Wrong product;critical;midazolam"},
        "batches:product-edit": limits | {"is_active": "on", "seen": newest_snapshot(product)},
        "batches:defect-new": {"code": "DENT", "name": "Dent", "severity": "minor", "reason": REASON},
        "batches:product-model": {"model_version": place.plant.model.pk, "reason": REASON},
        "batches:product-access": {"person": scene.people["sponsor"].user.pk, "reason": REASON},
        "batches:defect-end": {"reason": REASON},
        "batches:product-model-end": {"reason": REASON},
        "batches:product-access-end": {"reason": REASON},
        "batches:challenge-set-new": {"name": "New set", "archive": upload("set.zip", b"PK"), "reason": REASON},
        "batches:lot-new": {
            "product": product.pk,
            "number": "L-NEW-1",
            "size": 50,
            "manufactured_on": "2026-03-01",
            "expires_on": "2028-03-01",
        },
        "batches:station-new": camera | {"code": "ST-NEW"},
        "batches:station-edit": camera | {"is_active": "on", "seen": newest_snapshot(station)},
        "releases:model-new": {
            "name": "vial-identity",
            "version": "99.1",
            "artefact": upload("model.onnx", (MODELS / "vial_identity_candidate.onnx").read_bytes()),
            "classes": "fentanyl_citrate\nmidazolam",
            "accept_at": "0.965",
            "reject_at": "0.90",
            "intended_use": "Tells fentanyl citrate vials from midazolam vials on one line.",
            "reason": REASON,
        },
    }


def people_bodies(scene: Scene) -> dict[str, dict[str, Any]]:
    details = {"printed_name": "Somebody Else", "email": "else@example.com", "job_title": "", "time_zone": "UTC"}
    today = now().date()
    return {
        "accounts:person-add": details | {"username": "somebody"},
        "accounts:person-describe": details,
        "accounts:role-grant": {"role": "reviewer", "starts_on": today.isoformat(), "ends_on": "", "reason": REASON},
        "accounts:person-identity": {
            "method": "in_person",
            "document_class": "passport",
            "note": "",
            "code": "123456",
        },
        **{route: {"reason": REASON} for route in REASON_FOR_A_PERSON},
    }


def regulator_bodies(scene: Scene, place: Place) -> dict[str, dict[str, Any]]:
    today = now().date()
    return {
        "inspections:access-create": {
            "inspector": scene.people["inspector"].user.pk,
            "agency": "EMA",
            "starts_on": today.isoformat(),
            "ends_on": (today + dt.timedelta(days=30)).isoformat(),
            "products": [place.plant.product.pk],
            "lots": [place.lot.pk],
            "may_export": "on",
            "contact": "Nobody",
            "reason": REASON,
        },
        "inspections:access-end": {"reason": REASON},
        "inspections:request-create": {"text": "Everything, please."},
        "inspections:request-answer": {"record": place.batch.number, "answer": "Here it is."},
    }


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    """Return a file as a browser sends it."""
    return SimpleUploadedFile(name, content)


def echoed(path: str, body: dict[str, Any]) -> str:
    """Return everything that the sender typed: what of it comes back was no secret."""
    return " ".join([path, *(str(value) for value in body.values())])
