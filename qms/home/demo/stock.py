"""What the demonstration inspects and with what: products, stations, models, who works on which.

Each step does only what is missing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from examples.make_lot_zip import VIALS, load_photographs
from qms.batches.access import grant_access, may_see_product
from qms.batches.challenges import KnownUnit, active_set, register_challenge_set
from qms.batches.models import ChallengeSet, Product, ProductModel, Station
from qms.batches.products import DefectEntry, approve_model, register_product, register_station
from qms.batches.regions import parse_region
from qms.home.demo.cast import Cast
from qms.home.demo.folder import ensure_station_key, public_pem
from qms.home.demo.signing import ensure_signed
from qms.releases.models import ModelVersion
from qms.releases.registering import register_model_version
from records.clock import now

MODELS = VIALS.parent / "models"
MODEL_NAME = "vial-identity"
QUALIFIED_DAYS = 300
MIX_UP = "C1"
HARD_UNIT = "F-056"
"""Midazolam in a tilted vial: the model leaves it undecided."""


@dataclass(frozen=True, slots=True)
class Ware:
    """One product of the demonstration, its station and who works on its lots."""

    code: str
    name: str
    expected_class: str
    wrong_class: str
    wrong_name: str
    station: str
    station_name: str
    photographs: str
    known_good: tuple[str, ...]
    known_wrong: tuple[str, ...]
    people: tuple[str, ...]


FENTANYL = Ware(
    code="FEN-50",
    name="Fentanyl citrate 50 µg/ml",
    expected_class="fentanyl_citrate",
    wrong_class="midazolam",
    wrong_name="Wrong product: midazolam",
    station="CAM-1",
    station_name="Line 1, camera station after labelling",
    photographs="fentanyl-100",
    known_good=("M-006", "M-014"),
    known_wrong=("M-001", "M-002", "M-007"),
    people=("ana", "kim", "rita", "quentin", "vera", "dev"),
)
MIDAZOLAM = Ware(
    code="MDZ-5",
    name="Midazolam 5 mg/ml",
    expected_class="midazolam",
    wrong_class="fentanyl_citrate",
    wrong_name="Wrong product: fentanyl citrate",
    station="CAM-2",
    station_name="Line 2, camera station after labelling",
    photographs="midazolam-30",
    known_good=("F-088", "F-096"),
    known_wrong=("F-001", "F-002", "F-003"),
    people=("ana", "jon", "kim", "rita", "quentin"),
)
WARES = {ware.code: ware for ware in (FENTANYL, MIDAZOLAM)}


def ensure_stock(cast: Cast) -> None:
    """Make models, products, stations, challenge sets and access where they are missing."""
    candidate = ensure_models(cast)
    release_candidate(cast, candidate)
    for ware in WARES.values():
        product = ensure_product(cast, ware)
        ensure_station(cast, ware)
        ensure_access(cast, ware, product)
        if not ProductModel.objects.filter(product=product, ended_at=None).exists():
            reason = "identity check after labelling, met on the example photographs"
            approve_model(product, model_version=candidate, actor=cast.actor("maria"), reason=reason)
        if not ChallengeSet.objects.filter(product=product).exists():
            reason = "known mix-ups and known good units from outside the lots"
            register_known_units(cast, ware, product, reason=reason)


def ensure_models(cast: Cast) -> ModelVersion:
    """Register the baseline, which stays a draft, and the candidate, which will be released."""
    ensure_model(
        cast, version="0.9", file="vial_identity_baseline.onnx", reason="first training run, kept for comparison"
    )
    return ensure_model(
        cast, version="1.0", file="vial_identity_candidate.onnx", reason="retrained with twice the photographs"
    )


def release_candidate(cast: Cast, candidate: ModelVersion) -> None:
    """Have the candidate released by its scientist and by quality."""
    ensure_signed(cast, candidate, "release", "dev", "maria")


def ensure_model(cast: Cast, *, version: str, file: str, reason: str) -> ModelVersion:
    """Register one version of the model as a draft."""
    found = ModelVersion.objects.filter(name=MODEL_NAME, version=version).first()
    if found is not None:
        return found
    with (MODELS / file).open("rb") as artefact:
        return register_model_version(
            artefact,
            actor=cast.actor("dev"),
            name=MODEL_NAME,
            version=version,
            classes=(FENTANYL.expected_class, MIDAZOLAM.expected_class),
            accept_at=Decimal("0.965"),
            reject_at=Decimal("0.90"),
            intended_use="Tells fentanyl citrate vials from midazolam vials by their label, one photograph per unit. "
            "A person decides every unit that it rejects or leaves undecided.",
            reason=reason,
        )


def ensure_product(cast: Cast, ware: Ware) -> Product:
    """Register one product with its defect library and limits."""
    found = Product.objects.filter(code=ware.code).first()
    return found or register_product(
        actor=cast.actor("maria"),
        reason="added to the vial inspection of the demonstration plant",
        defects=(
            DefectEntry(MIX_UP, ware.wrong_name, "critical", model_class=ware.wrong_class),
            DefectEntry("C2", "Crack or broken neck", "critical"),
            DefectEntry("M1", "Fill level out of range", "major"),
            DefectEntry("M2", "Label askew or torn", "major"),
            DefectEntry("N1", "Scratch on the outside", "minor"),
        ),
        code=ware.code,
        name=ware.name,
        container="Vial 2R, clear glass",
        expected_class=ware.expected_class,
        random_check_size=8,
        reject_rate_limit=Decimal(10),
        critical_rate_limit=Decimal(8),
        inspection_level="II",
        aql_critical="0.65",
        aql_major="1.0",
        aql_minor="4.0",
        reconciliation_tolerance=0,
    )


def ensure_station(cast: Cast, ware: Ware) -> None:
    """Register one station with its public key."""
    if not Station.objects.filter(code=ware.station).exists():
        register_station(
            actor=cast.actor("maria"),
            reason="qualified for the demonstration plant",
            code=ware.station,
            name=ware.station_name,
            public_key=public_pem(ensure_station_key(ware.station)),
            qualified_until=now().date() + dt.timedelta(days=QUALIFIED_DAYS),
        )


def ensure_access(cast: Cast, ware: Ware, product: Product) -> None:
    """Let the product's people work on it."""
    for name in ware.people:
        person = cast.user(name)
        if not may_see_product(person.pk, product.pk):
            grant_access(product, person=person, actor=cast.actor("maria"), reason="works on this product's lots")


def register_known_units(cast: Cast, ware: Ware, product: Product, *others: str, reason: str) -> None:
    """Register the known units, and further rejects, that the model must decide rightly before and after each lot."""
    register_challenge_set(
        product,
        actor=cast.actor("maria"),
        name="Mix-ups",
        units=[
            *(known_unit(unit, expected="good") for unit in ware.known_good),
            *(known_unit(unit, expected="reject") for unit in (*ware.known_wrong, *others)),
        ],
        reason=reason,
    )


def begin_hard_challenge_set(cast: Cast, ware: Ware) -> None:
    """Add a mix-up that the model leaves undecided to the product's challenge set."""
    reason = "a tilted vial belongs to the mix-ups that we want to be sure of"
    register_known_units(cast, ware, Product.objects.get(code=ware.code), HARD_UNIT, reason=reason)


def end_hard_challenge_set(cast: Cast, ware: Ware) -> None:
    """Put the earlier known units in force again, so that lots can go on. Once."""
    product = Product.objects.get(code=ware.code)
    if active_set(product).images.filter(name=HARD_UNIT).exists():
        reason = f"{HARD_UNIT} stopped a lot: model and set are weighed in a change, until then as before"
        register_known_units(cast, ware, product, reason=reason)


def known_unit(unit: str, *, expected: str) -> KnownUnit:
    """Return one example photograph as a unit of a challenge set."""
    lot = FENTANYL.photographs if unit.startswith("F") else MIDAZOLAM.photographs
    photograph = next(row for row in load_photographs(lot) if row.unit_id == unit)
    return KnownUnit(
        name=unit,
        content=photograph.read(),
        region=parse_region(*photograph.region),
        expected_outcome=expected,
        expected_defect=MIX_UP if expected == "reject" else "",
    )
