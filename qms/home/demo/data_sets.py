"""Two data sets of the demonstration: a signed training set, and a test set whose photographs lie too near to it.

They are made from the example photographs and say so; the shipped models were not trained on them here.
Each step does only what is missing.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from examples.make_lot_zip import Photograph, load_photographs
from qms.home.demo.cast import Cast
from qms.home.demo.knapp_data import MADE_FOR
from qms.home.demo.signing import ensure_signed
from qms.home.demo.steps import ENGINEER, SCIENTIST, SECOND_QUALITY
from qms.home.demo.validated_text import SYSTEM
from validation.dataset_items import SetItem
from validation.datasets import SetFacts, add_items, begin_set
from validation.likeness import hash_picture
from validation.models import DataSet, System

TRAINING, TEST = slice(0, 30), slice(40, 55)
VERIFIER = "Rita Berg"


def tell_data_sets(cast: Cast) -> None:
    """Sign a training set, and draft a test set that is not independent of it: bursts of the same vials."""
    photographs = load_photographs("fentanyl-100")
    training = ensure_set(cast, "train", SCIENTIST, photographs[TRAINING])
    ensure_signed(cast, training, "approve", SCIENTIST, SECOND_QUALITY)
    ensure_set(cast, "test", ENGINEER, photographs[TEST])


def ensure_set(cast: Cast, purpose: str, person: str, photographs: Sequence[Photograph]) -> DataSet:
    """Begin a set of photographs, once, and put its items in."""
    system = System.objects.get(title=SYSTEM["title"])
    found = DataSet.objects.filter(purpose=purpose).first() or begin_set(
        system, facts_of(purpose, photographs), actor=cast.actor(person), purpose=purpose
    )
    if not found.items.exists():
        add_items(found, [an_item(row) for row in photographs], actor=cast.actor(person))
    return DataSet.objects.get(pk=found.pk)


def facts_of(purpose: str, photographs: Sequence[Photograph]) -> SetFacts:
    """Return what the set says about itself, its strata planned as they are."""
    products = [row.product for row in photographs]
    strata = [f"{name}; {products.count(name)}" for name in dict.fromkeys(products)]
    test = {
        "criteria": "Every mix-up is rejected or left to a person; at most 1 % of right vials are rejected.",
        "incumbent": "Two people find 98 % of mix-ups (SOP-114, annex 2).",
    }
    return SetFacts(
        title="Vials of the line, for training" if purpose == "train" else "Vials of the line, for the final test",
        description=f"Example photographs, {MADE_FOR}; no model was trained or tested on this set.",
        size_reason="As many as the demonstration shows quickly; a real set is sized by its strata.",
        strata="\n".join(("stratum; planned", *strata)),
        **(test if purpose == "test" else {}),
    )


def an_item(row: Photograph) -> SetItem:
    """Return a photograph as an item."""
    dhash = hash_picture(io.BytesIO(row.read()))
    return SetItem(row.file, row.sha256, dhash, stratum=row.product, label=row.product, verifier=VERIFIER)
