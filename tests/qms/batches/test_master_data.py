"""Products, stations, lots, access and challenge sets: each change one event with its reason."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from examples.make_lot_zip import load_photographs, make_files, make_zip
from qms.batches.errors import (
    DefectCodeTaken,
    LotDatesImpossible,
    MasterDataStale,
    ModelNotApproved,
    ProductNotValid,
    StationKeyInvalid,
)
from qms.batches.models import ChallengeSet, DefectClass, Lot, Product, Station
from qms.batches.products import (
    DefectEntry,
    add_defect,
    create_lot,
    edit_product,
    end_defect,
    newest_snapshot,
    read_library,
    register_station,
)
from records.errors import ReasonMissing, RoleNotAllowed
from records.models import Event
from tests.plant_data import CHALLENGE, REASON, Plant, batch_open, make_product

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(e)")]

PRODUCT = {
    "code": "MID-5",
    "name": "Midazolam 5 mg/ml",
    "container": "Vial 2R",
    "expected_class": "midazolam",
    "random_check_size": 20,
    "reject_rate_limit": "5.00",
    "critical_rate_limit": "1.00",
    "inspection_level": "II",
    "aql_critical": "0.065",
    "aql_major": "0.65",
    "aql_minor": "4.0",
    "reconciliation_tolerance": 0,
    "library": "MIX; Wrong product; critical; fentanyl_citrate\nCRACK; Crack; critical;\n",
    "reason": "new product on line 3",
}


def last_event(act: str) -> Event:
    return Event.objects.filter(act=act).latest("id")


def test_a_product_is_registered_with_its_library_on_one_page(plant: Plant):
    client = plant.qa_manager.client()
    page = client.post(reverse("batches:product-new"), PRODUCT, follow=True)
    assert page.status_code == 200
    product = Product.objects.get(code="MID-5")
    assert {row.code for row in product.defects.all()} == {"MIX", "CRACK"}
    assert last_event("batches.product.registered").reason == "new product on line 3"
    assert b"Wrong product" in page.content


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("aql_major", "0.66", "0.66"),
        ("critical_rate_limit", "6.00", "above the limit for all rejects"),
        ("library", "SCRATCH; Scratch; minor;", "no critical defect"),
        ("library", "A; B", "line 1"),
        ("library", "A; B; critical; x\nC; D; critical; x", "same class"),
        ("code", "MID 5", "Code"),
    ],
    ids=["an AQL not in the table", "limits crossed", "no critical", "unreadable", "class twice", "a bad code"],
)
def test_a_product_that_cannot_work_is_refused_with_a_sentence(plant: Plant, field: str, value: str, said: str):
    page = plant.qa_manager.client().post(reverse("batches:product-new"), PRODUCT | {field: value})
    assert page.status_code == 422
    assert said in page.content.decode()
    assert not Product.objects.filter(name=PRODUCT["name"]).exists()


@pytest.mark.clause("11.10(g)")
def test_only_quality_managers_keep_master_data(plant: Plant):
    with pytest.raises(RoleNotAllowed):
        make_product(plant.operator)
    assert plant.operator.client().post(reverse("batches:product-new"), PRODUCT).status_code == 403
    assert plant.operator.client().get(reverse("batches:station-new")).status_code == 403


def test_a_change_needs_a_reason_and_names_its_fields(plant: Plant):
    seen = newest_snapshot(plant.product)
    actor = plant.qa_manager.actor()
    with pytest.raises(ReasonMissing):
        edit_product(plant.product, actor=actor, reason="", seen=seen, changes={"random_check_size": 30})
    edit_product(plant.product, actor=actor, reason="new sampling plan", seen=seen, changes={"random_check_size": 30})
    assert last_event("batches.product.edited").details["fields"] == "random_check_size"
    snapshot = Product.objects.get(pk=plant.product.pk).history.latest()
    assert (snapshot.random_check_size, snapshot.history_type) == (30, "~")


def test_a_form_opened_before_somebody_elses_change_is_refused(plant: Plant):
    seen = newest_snapshot(plant.product)
    actor = plant.qa_manager.actor()
    edit_product(plant.product, actor=actor, reason=REASON, seen=seen, changes={"random_check_size": 30})
    with pytest.raises(MasterDataStale):
        edit_product(plant.product, actor=actor, reason=REASON, seen=seen, changes={"reject_rate_limit": Decimal(4)})


def test_the_edit_page_carries_what_was_seen(plant: Plant):
    client = plant.qa_manager.client()
    url = reverse("batches:product-edit", args=[plant.product.code])
    page = client.get(url)
    assert page.context["form"]["seen"].value() == newest_snapshot(plant.product)
    fields = {name: page.context["form"][name].value() for name in page.context["form"].fields}
    answer = client.post(url, fields | {"name": "Fentanyl 50", "reason": "shorter name on labels"})
    assert answer.status_code == 302
    assert Product.objects.get(pk=plant.product.pk).name == "Fentanyl 50"
    again = client.post(url, fields | {"name": "Fentanyl", "reason": "shorter name on labels"})
    assert again.status_code == 422
    assert b"was changed by somebody else" in again.content


def test_a_defect_is_added_once(plant: Plant):
    entry = DefectEntry("FIBRE", "Fibre", "major")
    add_defect(plant.product, actor=plant.qa_manager.actor(), reason="seen in complaints", entry=entry)
    with pytest.raises(DefectCodeTaken):
        add_defect(plant.product, actor=plant.qa_manager.actor(), reason="seen in complaints", entry=entry)
    assert DefectClass.objects.filter(product=plant.product, code="FIBRE").count() == 1


def test_a_defect_goes_out_of_use_by_its_page_and_stays_known(plant: Plant):
    client = plant.qa_manager.client()
    defect = DefectClass.objects.get(product=plant.product, code="FILL")
    url = reverse("batches:defect-end", args=[plant.product.code, defect.pk])
    assert client.post(url, {"reason": ""}).status_code == 422
    assert client.post(url, {"reason": "measured by weight now"}).status_code == 302
    defect.refresh_from_db()
    assert defect.is_active is False
    assert last_event("batches.defect.ended").reason == "measured by weight now"
    assert client.post(url, {"reason": "measured by weight now"}).status_code == 422


def test_the_last_critical_defect_stays_in_use(plant: Plant):
    first, last = DefectClass.objects.filter(product=plant.product, severity="critical").order_by("code")
    end_defect(first, actor=plant.qa_manager.actor(), reason="merged into the other one")
    with pytest.raises(ProductNotValid):
        end_defect(last, actor=plant.qa_manager.actor(), reason="not needed any more")


@pytest.mark.clause("11.10(h)")
def test_the_approval_of_a_model_ends_with_a_reason_and_then_no_batch_is_made(plant: Plant):
    client = plant.qa_manager.client()
    url = reverse("batches:product-model-end", args=[plant.product.code])
    assert client.post(url, {"reason": "drift seen on line 3"}).status_code == 302
    with pytest.raises(ModelNotApproved):
        batch_open(plant)


@pytest.mark.clause("11.10(h)")
def test_a_station_needs_an_ed25519_key(plant: Plant):
    wrong = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = wrong.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    for key in (pem, "no key at all"):
        with pytest.raises(StationKeyInvalid):
            register_station(
                actor=plant.qa_manager.actor(),
                reason=REASON,
                code="ST-X",
                name="Camera",
                public_key=key,
                qualified_until=dt.date(2027, 1, 1),
            )
    assert not Station.objects.filter(code="ST-X").exists()


def test_a_lot_that_expires_before_it_is_made_is_refused(plant: Plant):
    with pytest.raises(LotDatesImpossible):
        create_lot(
            plant.product,
            actor=plant.operator.actor(),
            number="L-9",
            size=10,
            manufactured_on=dt.date(2026, 5, 1),
            expires_on=dt.date(2026, 5, 1),
        )


def test_an_operator_creates_a_lot_on_its_page(plant: Plant):
    fields = {
        "product": plant.product.pk,
        "number": "L-80001",
        "size": 100,
        "manufactured_on": "2026-03-01",
        "expires_on": "2028-03-01",
    }
    page = plant.operator.client().post(reverse("batches:lot-new"), fields, follow=True)
    assert b"L-80001" in page.content
    assert Lot.objects.get(number="L-80001").product == plant.product


def test_a_library_is_read_line_by_line():
    assert read_library("A; B; Critical; x\n\nC;D;minor") == [
        DefectEntry("A", "B", "critical", "x"),
        DefectEntry("C", "D", "minor", ""),
    ]
    with pytest.raises(ProductNotValid, match="line 2"):
        read_library("A; B; critical\nC; D; severe")


def known_units_zip(expected: dict[str, tuple[str, str]]) -> bytes:
    chosen = [unit for unit in load_photographs("midazolam-30") if unit.unit_id in CHALLENGE]
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["unit_id", "outcome", "defect"])
    rows.writerows((unit, *facts) for unit, facts in expected.items())
    return make_zip({**make_files(chosen), "expected.csv": text.getvalue().encode()})


def test_a_challenge_set_is_registered_from_a_zip_and_replaces_the_earlier_one(plant: Plant):
    expected = {unit: (kind, "MIX" if kind == "reject" else "") for unit, kind in CHALLENGE.items()}
    fields = {
        "name": "Mix-ups",
        "archive": SimpleUploadedFile("known.zip", known_units_zip(expected)),
        "reason": "two more vials",
    }
    url = reverse("batches:challenge-set-new", args=[plant.product.code])
    assert plant.qa_manager.client().post(url, fields).status_code == 302
    active = ChallengeSet.objects.get(product=plant.product, is_active=True)
    assert (active.name, active.version, active.images.count()) == ("Mix-ups", 2, len(CHALLENGE))


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        (dict.fromkeys(CHALLENGE, ("good", "")), "known to be rejects"),
        ({"M-006": ("good", "")}, "no expected outcome"),
        ({unit: ("reject", "NOPE") if kind == "reject" else ("good", "") for unit, kind in CHALLENGE.items()}, "NOPE"),
    ],
    ids=["all good", "one missing", "an unknown defect"],
)
def test_a_challenge_set_that_proves_nothing_is_refused(plant: Plant, expected: dict[str, tuple[str, str]], said: str):
    fields = {"name": "Bad", "archive": SimpleUploadedFile("k.zip", known_units_zip(expected)), "reason": REASON}
    page = plant.qa_manager.client().post(reverse("batches:challenge-set-new", args=[plant.product.code]), fields)
    assert page.status_code == 422
    assert said in page.content.decode()
    assert not ChallengeSet.objects.filter(name="Bad").exists()


def test_every_master_data_page_opens_for_quality(plant: Plant):
    client = plant.qa_manager.client()
    for name in (
        "product-detail",
        "product-edit",
        "defect-new",
        "product-model",
        "product-access",
        "challenge-set-new",
    ):
        assert client.get(reverse(f"batches:{name}", args=[plant.product.code])).status_code == 200, name
    for name in ("product-list", "product-new", "lot-list", "lot-new", "station-list", "station-new"):
        assert client.get(reverse(f"batches:{name}")).status_code == 200, name
    assert client.get(reverse("batches:station-edit", args=[plant.station.code])).status_code == 200
