"""Master data rules: products with their defect library, stations, lots, approved models.

Each change is one event with a reason; a form that saves over somebody else's change is
refused by the row's newest snapshot. Products, defects, stations and lots are never deleted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import transaction

from qms.batches.access import insert_access
from qms.batches.errors import (
    DefectCodeTaken,
    DefectNotInUse,
    LotDatesImpossible,
    LotNumberTaken,
    MasterDataStale,
    ModelLacksClass,
    ModelNotApproved,
    ModelNotReleased,
    ProductCodeTaken,
    ProductNotValid,
    StationCodeTaken,
    StationKeyInvalid,
)
from qms.batches.models import DefectClass, Lot, Product, ProductModel, Station
from qms.batches.models.master import Severity
from qms.releases.models import ModelVersion
from records.acting import acting
from records.clock import now
from records.errors import Refusal
from records.evidence import Actor
from records.workflow import state_label, take_role
from validation.sampling import plan_for

Row = TypeVar("Row", Product, Station)

KEEPERS = ("qa_manager",)
LOT_MAKERS = ("operator", "qa_manager")


@dataclass(frozen=True, slots=True)
class DefectEntry:
    """One entry of a defect library as given; ``model_class`` is the model's output it stands for."""

    code: str
    name: str
    severity: str
    model_class: str = ""


def register_product(*, actor: Actor, reason: str, defects: Sequence[DefectEntry], **fields: Any) -> Product:
    """Register a product with its defect library; its keeper gets access to it.

    Writes: batches_product, batches_defectclass, batches_productaccess, one event.
    Raises: `ProductCodeTaken`, `ProductNotValid`, `DefectCodeTaken`.
    Serves: 21 CFR 11.10(e); EU GMP Annex 1 §8.30.
    """
    actor = take_role(actor, KEEPERS)
    with transaction.atomic():
        if Product.objects.filter(code=fields["code"]).exists():
            raise ProductCodeTaken(code=fields["code"])
        product = Product(**fields)
        check_product(product)
        check_library(defects)
        details = {"code": product.code, "defects": [entry.code for entry in defects]}
        with acting(actor, "batches.product.registered", reason=reason, details=details):
            product.save(force_insert=True)
            DefectClass.objects.bulk_create(
                DefectClass(
                    product=product,
                    code=entry.code,
                    name=entry.name,
                    severity=entry.severity,
                    model_class=entry.model_class,
                )
                for entry in defects
            )
            if actor.user_id is not None:
                insert_access(product, person_id=actor.user_id)
    return product


def edit_product(product: Product, *, actor: Actor, reason: str, seen: int, changes: Mapping[str, Any]) -> Product:
    """Change a product's fields if nobody did since the snapshot ``seen``.

    Writes: batches_product, one event. Raises: `MasterDataStale`, `ProductNotValid`.
    """
    actor = take_role(actor, KEEPERS)
    with transaction.atomic():
        locked, changed = apply_changes(product, seen=seen, changes=changes)
        check_product(locked)
        if changed:
            details = {"code": locked.code, "fields": ", ".join(changed)}
            with acting(actor, "batches.product.edited", reason=reason, details=details):
                locked.save(update_fields=changed)
    return locked


def add_defect(product: Product, *, actor: Actor, reason: str, entry: DefectEntry) -> DefectClass:
    """Add one defect to a product's library. Writes: batches_defectclass, one event."""
    actor = take_role(actor, KEEPERS)
    with transaction.atomic():
        if DefectClass.objects.filter(product=product, code=entry.code).exists():
            raise DefectCodeTaken(defect=entry.code)
        details = {"code": product.code, "defect": entry.code, "severity": entry.severity}
        with acting(actor, "batches.defect.added", reason=reason, details=details):
            return DefectClass.objects.create(
                product=product,
                code=entry.code,
                name=entry.name,
                severity=entry.severity,
                model_class=entry.model_class,
            )


def end_defect(defect: DefectClass, *, actor: Actor, reason: str) -> DefectClass:
    """Take a defect out of use; earlier batches keep it. Writes: batches_defectclass, one event.

    Raises: `DefectNotInUse`, `ProductNotValid` for the last critical defect.
    """
    actor = take_role(actor, KEEPERS)
    with transaction.atomic():
        product = Product.objects.select_for_update().get(pk=defect.product_id)
        locked = DefectClass.objects.select_for_update().get(pk=defect.pk)
        if not locked.is_active:
            raise DefectNotInUse(defect=locked.code)
        others = product.defects.filter(is_active=True, severity=Severity.CRITICAL).exclude(pk=locked.pk)
        if locked.severity == Severity.CRITICAL and not others.exists():
            raise ProductNotValid(why="the defect library would name no critical defect")
        with acting(
            actor, "batches.defect.ended", reason=reason, details={"code": product.code, "defect": locked.code}
        ):
            locked.is_active = False
            locked.save(update_fields=["is_active"])
    return locked


def register_station(
    *, actor: Actor, reason: str, code: str, name: str, public_key: str, qualified_until: dt.date
) -> Station:
    """Register an inspection station with its Ed25519 public key and qualification date.

    Writes: batches_station, one event. Raises: `StationKeyInvalid`, `StationCodeTaken`.
    Serves: 21 CFR 11.10(h).
    """
    actor = take_role(actor, KEEPERS)
    read_station_key(public_key)
    with transaction.atomic():
        if Station.objects.filter(code=code).exists():
            raise StationCodeTaken(station=code)
        details = {"station": code, "qualified_until": qualified_until.isoformat()}
        with acting(actor, "batches.station.registered", reason=reason, details=details):
            return Station.objects.create(
                code=code, name=name, public_key=public_key.strip(), qualified_until=qualified_until
            )


def edit_station(station: Station, *, actor: Actor, reason: str, seen: int, changes: Mapping[str, Any]) -> Station:
    """Change a station: a new key, a new qualification date, out of service.

    Writes: batches_station, one event. Raises: `MasterDataStale`, `StationKeyInvalid`.
    Serves: 21 CFR 11.10(h).
    """
    actor = take_role(actor, KEEPERS)
    if "public_key" in changes:
        read_station_key(changes["public_key"])
    with transaction.atomic():
        locked, changed = apply_changes(station, seen=seen, changes=changes)
        if changed:
            details = {"station": locked.code, "fields": ", ".join(changed)}
            with acting(actor, "batches.station.changed", reason=reason, details=details):
                locked.save(update_fields=changed)
    return locked


def approve_model(product: Product, *, model_version: ModelVersion, actor: Actor, reason: str) -> ProductModel:
    """Approve a released model version for inspecting a product; the earlier one's approval ends.

    Writes: batches_productmodel, one event. Raises: `ModelNotReleased`, `ModelLacksClass`.
    Serves: 21 CFR 11.10(h).
    """
    actor = take_role(actor, KEEPERS)
    with transaction.atomic():
        version = ModelVersion.objects.select_for_update(of=("self",)).get(pk=model_version.pk)
        if version.state != "released":
            raise ModelNotReleased(model=version.number, state=state_label(version).lower())
        if product.expected_class not in version.classes:
            raise ModelLacksClass(expected=product.expected_class, product=product.name)
        details = {"code": product.code, "model": version.number, "model_sha256": version.artefact_id}
        with acting(actor, "batches.model.approved", reason=reason, details=details):
            ProductModel.objects.filter(product=product, ended_at=None).update(ended_at=now())
            return ProductModel.objects.create(product=product, model_version=version)


def withdraw_model(product: Product, *, actor: Actor, reason: str) -> ProductModel:
    """End the approval of the model that inspects a product; no further inspection starts with it.

    Writes: batches_productmodel, one event. Raises: `ModelNotApproved`.
    """
    actor = take_role(actor, KEEPERS)
    with transaction.atomic():
        rows = ProductModel.objects.select_for_update(of=("self",)).select_related("model_version")
        approval = rows.filter(product=product, ended_at=None).first()
        if approval is None:
            raise ModelNotApproved(product=product.name)
        details = {"code": product.code, "model": approval.model_version.number}
        with acting(actor, "batches.model.withdrawn", reason=reason, details=details):
            approval.ended_at = now()
            approval.save(update_fields=["ended_at"])
    return approval


def create_lot(
    product: Product,
    *,
    actor: Actor,
    number: str,
    size: int,
    manufactured_on: dt.date,
    expires_on: dt.date,
) -> Lot:
    """Create a lot of a product.

    Writes: batches_lot, one event. Raises: `LotDatesImpossible`, `LotNumberTaken`.
    """
    actor = take_role(actor, LOT_MAKERS)
    if expires_on <= manufactured_on:
        raise LotDatesImpossible(expires_on=expires_on, manufactured_on=manufactured_on)
    with transaction.atomic():
        if Lot.objects.filter(number=number).exists():
            raise LotNumberTaken(lot=number)
        details = {"lot": number, "code": product.code, "size": size}
        with acting(actor, "batches.lot.created", details=details):
            return Lot.objects.create(
                product=product,
                number=number,
                size=size,
                manufactured_on=manufactured_on,
                expires_on=expires_on,
            )


def newest_snapshot(row: Product | Station) -> int:
    """Return the id of a row's newest snapshot: what a form carries as its revision."""
    return int(row.history.latest().history_id)


def apply_changes(row: Row, *, seen: int, changes: Mapping[str, Any]) -> tuple[Row, list[str]]:
    """Lock a row, refuse a stale form, set the changed fields; return row and field names."""
    locked: Row = type(row)._default_manager.select_for_update().get(pk=row.pk)
    if newest_snapshot(locked) != seen:
        raise MasterDataStale(name=str(locked))
    changed = sorted(name for name, value in changes.items() if getattr(locked, name) != value)
    for name in changed:
        setattr(locked, name, changes[name])
    return locked, changed


def read_library(text: str) -> list[DefectEntry]:
    """Read a defect library: one defect a line, its parts apart by semicolons. Raises: `ProductNotValid`."""
    entries = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        parts = [part.strip() for part in line.split(";")]
        if len(parts) not in (3, 4) or parts[2].lower() not in Severity.values or not all(parts[:3]):
            raise ProductNotValid(
                why=f"line {number} of the library is not: code; name; critical, major or minor; class"
            )
        if len(parts[0]) > 20 or len(parts[1]) > 80 or len("".join(parts[3:])) > 60:
            raise ProductNotValid(why=f"line {number} of the library is too long")
        entries.append(DefectEntry(parts[0], parts[1], parts[2].lower(), parts[3] if len(parts) == 4 else ""))
    return entries


def read_station_key(pem: str) -> Ed25519PublicKey:
    """Return a station's public key. Raises: `StationKeyInvalid`."""
    try:
        key = serialization.load_pem_public_key(pem.strip().encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise StationKeyInvalid from None
    if not isinstance(key, Ed25519PublicKey):
        raise StationKeyInvalid
    return key


def check_product(product: Product) -> None:
    """Refuse limits and AQL classes that cannot be applied. Raises: `ProductNotValid`."""
    rates = (product.reject_rate_limit, product.critical_rate_limit)
    if not all(0 <= rate <= 100 for rate in rates):
        raise ProductNotValid(why="limits are percentages from 0 to 100")
    if product.critical_rate_limit > product.reject_rate_limit:
        raise ProductNotValid(why="the limit for critical defects is above the limit for all rejects")
    for text in (product.aql_critical, product.aql_major, product.aql_minor):
        try:
            plan_for(1000, aql=text, level=product.inspection_level)
        except Refusal as refusal:
            raise ProductNotValid(why=refusal.text) from refusal


def check_library(defects: Sequence[DefectEntry]) -> None:
    """Refuse a library with a code or a model class twice. Raises: `DefectCodeTaken`, `ProductNotValid`."""
    codes = [entry.code for entry in defects]
    for code in codes:
        if codes.count(code) > 1:
            raise DefectCodeTaken(defect=code)
    classes = [entry.model_class for entry in defects if entry.model_class]
    if len(set(classes)) != len(classes):
        raise ProductNotValid(why="two defects stand for the same class of the model")
    if not any(entry.severity == "critical" for entry in defects):
        raise ProductNotValid(why="the defect library names no critical defect")
