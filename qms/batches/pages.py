"""What the batch pages are made of: facts, tabs, the one next step. Between views and rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from qms.batches.models import BatchRecord
from qms.web.navigation import find_url
from qms.web.tables import Column, Tab, Table
from records.evidence import Actor

LIST_COLUMNS = (
    Column("Batch"),
    Column("Status"),
    Column("Lot"),
    Column("Product"),
    Column("Images", is_numeric=True),
    Column("Flagged", is_numeric=True),
    Column("Undecided", is_numeric=True),
    Column("Created"),
)
EMPTY_LIST = (
    "No batches here. New ones appear when an operator creates a batch record for a lot and imports its images."
)
TABS = (
    ("Overview", "batches:batch-detail"),
    ("Review", "batches:review"),
    ("Content", "batches:batch-content"),
    ("Signatures", "batches:batch-signatures"),
    ("History", "batches:batch-history"),
    ("Links", "batches:batch-links"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """The one thing to do next: its words, its address, and whether it is a form's button."""

    label: str
    url: str
    is_post: bool = False


def list_table(rows: list[BatchRecord]) -> Table:
    """Return the table of the batch list."""
    return Table("Batch records", LIST_COLUMNS, rows, "batches/_batch_row.html", EMPTY_LIST)


def make_tabs(batch: BatchRecord, current: str) -> list[Tab]:
    """Return the tabs of a batch's pages."""
    return [Tab(label, reverse(name, args=[batch.number]), is_current=name == current) for label, name in TABS]


def next_step(batch: BatchRecord, actor: Actor) -> Step | None:
    """Return the one primary action that the state and the person's roles allow."""
    number = [batch.number]
    if batch.state == "open" and actor.holds("operator"):
        return Step("Import images", reverse("batches:import-new", args=number))
    if batch.state == "ready" and actor.holds("operator"):
        return Step("Start inspection", reverse("batches:run-start", args=number), is_post=True)
    if batch.state == "quarantined" and actor.holds("qa_manager"):
        return Step("Open for review", reverse("batches:quarantine-lift", args=number))
    return review_step(batch, actor)


def review_step(batch: BatchRecord, actor: Actor) -> Step | None:
    """Return the step of the review's pages, where they are mounted."""
    steps = {
        "in_review": ("Review units", "batches:review"),
        "reviewed": ("Review the audit trail", "batches:trail"),
        "awaiting_disposition": ("Decide batch", "batches:disposition"),
        "on_hold": ("Decide batch", "batches:disposition"),
    }
    label, name = steps.get(batch.state, ("", ""))
    url = find_url(name, batch.number) if name else ""
    return Step(label, url) if url else None


def page_facts(batch: BatchRecord) -> list[tuple[str, Any]]:
    """Return the facts of the record header."""
    lot, model = batch.lot, batch.model_version
    return [
        ("Lot", gettext("{lot_number}, {size} units").format(lot_number=lot.number, size=lot.size)),
        ("Expires", lot.expires_on.isoformat()),
        ("Product", f"{lot.product.name} ({lot.product.code})"),
        ("Container", lot.product.container),
        ("Station", batch.station.code),
        ("Units received", batch.units_received),
        ("Model", f"{model.number}, {model.name} {model.version}"),
        ("Good from", model.accept_at),
        ("Reject from", gettext("{reject_at}; between them a person decides").format(reject_at=model.reject_at)),
        ("Created by", batch.author.printed_name),
        ("Note", batch.note or None),
    ]


def recipe_facts(recipe: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return a recipe as terms and texts, in the order in which people ask for them."""
    aqls = recipe.get("aql", {})
    library = recipe.get("defect_library", {})
    meanings = recipe.get("defect_of_class", {})
    return [
        ("Model", recipe.get("model")),
        ("Model's SHA-256", recipe.get("model_sha256")),
        ("Classes", ", ".join(recipe.get("classes", ()))),
        ("Class of a right vial", recipe.get("expected_class")),
        ("Defects of the other classes", ", ".join(f"{name}: {code}" for name, code in meanings.items())),
        ("Good from", recipe.get("accept_at")),
        ("Reject from", recipe.get("reject_at")),
        ("Preparation of pictures", recipe.get("preprocessing")),
        (
            "Random check",
            gettext("{random_check_size} accepted units").format(random_check_size=recipe.get("random_check_size")),
        ),
        ("Limit of all rejects", f"{recipe.get('reject_rate_limit')} %"),
        ("Limit of critical defects", f"{recipe.get('critical_rate_limit')} %"),
        (
            "AQL",
            gettext("level {level}: ").format(level=recipe.get("inspection_level"))
            + ", ".join(f"{name} {aqls[name]}" for name in sorted(aqls)),
        ),
        (
            "Reconciliation",
            gettext("may differ by {reconciliation_tolerance} units").format(
                reconciliation_tolerance=recipe.get("reconciliation_tolerance")
            ),
        ),
        ("Station qualified until", recipe.get("station_qualified_until")),
        ("Defect library", "; ".join(f"{code} {row['name']} ({row['severity']})" for code, row in library.items())),
    ]
