"""Only a registered, qualified station delivers, each delivery once."""

from __future__ import annotations

import base64
import datetime as dt
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from qms.batches.errors_imports import (
    DeliveryForOtherLot,
    DeliveryFromFuture,
    DeliveryRefused,
    DeliveryReplayed,
    ManualReasonMissing,
    StationNotQualified,
    StationSignatureUnreadable,
    StationSignatureWrong,
    StationUnknown,
)
from qms.batches.models import BatchRecord, FileImport, StationDelivery
from qms.batches.products import edit_station, newest_snapshot, read_station_key
from qms.batches.stations import (
    SIGNATURE_NAME,
    StationFacts,
    check_delivery,
    read_signature,
    sign_delivery,
    statement,
)
from records.clock import now
from records.models import Event, OutboxItem
from tests.plant_data import Plant, batch_open, delivery_files, offer, photographs, sign_files

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(h)")]

Files = dict[str, bytes]


def refuse(plant: Plant, batch: BatchRecord, files: Files, expected: type[DeliveryRefused]) -> None:
    """Offer a delivery, see it refused, recorded and told, and nothing stored."""
    with pytest.raises(expected) as refused:
        offer(plant, batch, files)
    event = Event.objects.filter(act="batches.station.refused").latest("id")
    assert (event.record_id, event.details["code"]) == (batch.pk, refused.value.code)
    assert OutboxItem.objects.filter(kind="accounts.security_alert", payload__event=event.pk).exists()
    assert not FileImport.objects.filter(batch=batch).exists()


def test_a_signed_delivery_is_taken_and_its_statement_kept(plant: Plant):
    batch = batch_open(plant, units=2)
    made = offer(plant, batch, delivery_files(plant, batch, photographs(2)))
    delivery = StationDelivery.objects.get(file_import=made)
    assert (delivery.station_id, made.manual_reason) == (plant.station.pk, "")
    assert {row.name.partition("-")[2] for row in batch.attachments.all()} == {"manifest.csv", SIGNATURE_NAME}


def test_an_unknown_key_is_refused(plant: Plant):
    batch = batch_open(plant, units=2)
    files = delivery_files(plant, batch, photographs(2))
    plant.station_key = Ed25519PrivateKey.generate()
    refuse(plant, batch, sign_files(plant, batch, files), StationSignatureWrong)


def test_a_station_that_is_not_the_batchs_is_refused(plant: Plant):
    batch = batch_open(plant, units=2)
    files = delivery_files(plant, batch, photographs(2))
    files[SIGNATURE_NAME] = sign_delivery(
        plant.station_key, station="ST-999", lot=batch.lot.number, signed_at=now(), manifest=files["manifest.csv"]
    )
    refuse(plant, batch, files, StationUnknown)


def test_a_manifest_changed_after_signing_is_refused(plant: Plant):
    batch = batch_open(plant, units=3)
    files = delivery_files(plant, batch, photographs(3))
    files["manifest.csv"] = files["manifest.csv"].rsplit(b"\r\n", 2)[0] + b"\r\n"
    refuse(plant, batch, files, StationSignatureWrong)


def test_an_expired_qualification_is_refused(plant: Plant):
    batch = batch_open(plant, units=2)
    edit_station(
        plant.station,
        actor=plant.qa_manager.actor(),
        reason="the yearly qualification was not done",
        seen=newest_snapshot(plant.station),
        changes={"qualified_until": now().date() - dt.timedelta(days=1)},
    )
    refuse(plant, batch, delivery_files(plant, batch, photographs(2)), StationNotQualified)


def test_a_replayed_delivery_is_refused(plant: Plant):
    batch = batch_open(plant, units=4)
    files = delivery_files(plant, batch, photographs(2))
    offer(plant, batch, files)
    with pytest.raises(DeliveryReplayed):
        offer(plant, batch, files)
    assert Event.objects.get(act="batches.station.refused").details["code"] == "batches.delivery_replayed"


def test_a_delivery_of_another_lot_is_refused(plant: Plant):
    batch, other = batch_open(plant, units=2), batch_open(plant, units=2)
    refuse(plant, batch, delivery_files(plant, other, photographs(2)), DeliveryForOtherLot)


def test_a_delivery_from_the_future_is_refused(plant: Plant):
    batch = batch_open(plant, units=2)
    files = delivery_files(plant, batch, photographs(2))
    late = now() + dt.timedelta(hours=1)
    refuse(plant, batch, sign_files(plant, batch, files, signed_at=late), DeliveryFromFuture)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"not json",
        lambda content: b"[]",
        lambda content: content.replace(b'"lot"', b'"batch"'),
        lambda content: content.replace(b"+00:00", b""),
    ],
    ids=["not JSON", "a list", "a member missing", "a time without offset"],
)
def test_an_unreadable_signature_is_refused_and_never_taken_for_none(plant: Plant, damage: Callable[[bytes], bytes]):
    batch = batch_open(plant, units=2)
    files = delivery_files(plant, batch, photographs(2))
    files[SIGNATURE_NAME] = damage(files[SIGNATURE_NAME])
    with pytest.raises((StationSignatureUnreadable, ManualReasonMissing)):
        offer(plant, batch, files)
    assert not FileImport.objects.exists()


def test_without_a_signature_a_delivery_needs_a_reason_that_stays_on_record(plant: Plant):
    batch = batch_open(plant, units=2)
    files = delivery_files(plant, batch, photographs(2))
    del files[SIGNATURE_NAME]
    with pytest.raises(ManualReasonMissing):
        offer(plant, batch, files)
    made = offer(plant, batch, files, manual_reason="station computer replaced, key not yet issued")
    assert made.manual_reason == "station computer replaced, key not yet issued"
    assert Event.objects.get(act="batches.upload.checked").reason == made.manual_reason
    assert not StationDelivery.objects.exists()


def test_a_reason_never_excuses_a_wrong_signature(plant: Plant):
    batch = batch_open(plant, units=2)
    files = delivery_files(plant, batch, photographs(2))
    plant.station_key = Ed25519PrivateKey.generate()
    with pytest.raises(StationSignatureWrong):
        offer(plant, batch, sign_files(plant, batch, files), manual_reason="we trust this one")


def test_a_station_signs_with_openssl_alone_as_the_documentation_says(tmp_path: Path):
    key, text = tmp_path / "station.key", tmp_path / "statement.txt"
    manifest, signed_at = b"file,unit_id\r\n", "2026-03-02T06:05:00+00:00"
    run_openssl("genpkey", "-algorithm", "ed25519", "-out", str(key))
    public = run_openssl("pkey", "-in", str(key), "-pubout")
    text.write_bytes(statement(station="ST-01", lot="L-70001", signed_at=signed_at, manifest=manifest))
    documented = Path(settings.BASE_DIR, "docs", "station-deliveries.md").read_text(encoding="utf-8")
    assert text.read_text(encoding="ascii").splitlines()[:4] == [
        line for line in documented.splitlines() if line in text.read_text(encoding="ascii").splitlines()[:4]
    ]
    signature = run_openssl("pkeyutl", "-sign", "-rawin", "-inkey", str(key), "-in", str(text))
    members = {
        "station": "ST-01",
        "lot": "L-70001",
        "signed_at": signed_at,
        "signature": base64.b64encode(signature).decode(),
    }
    check_delivery(
        read_signature(json.dumps(members).encode()),
        station=StationFacts("ST-01", "L-70001", read_station_key(public.decode()), dt.date(2026, 12, 31)),
        manifest=manifest,
        received_at=dt.datetime(2026, 3, 2, 7, tzinfo=dt.UTC),
    )


def run_openssl(*arguments: str) -> bytes:
    return subprocess.run(["openssl", *arguments], capture_output=True, check=True, timeout=30).stdout
