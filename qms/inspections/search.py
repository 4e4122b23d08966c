"""One search box: lot, batch, model, signature, person, or a word, always within the reader's scope."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from qms.inspections.scope import Reader, readable_lots, readable_records
from records.models import Event
from signatures.models import Signature

SHOWN = 20  # per kind of hit


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found: its kind, name, a line about it and where it opens."""

    kind: str
    label: str
    detail: str
    url: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search found; ``suggestion`` is a near name when nothing was found."""

    hits: tuple[Hit, ...]
    exact: Hit | None
    suggestion: str


def search(reader: Reader, query: str) -> Findings:
    """Return what matches a query; an exact lot, record or signature number stands alone as ``exact``."""
    text = query.strip()[:100]
    if not text:
        return Findings((), None, "")
    hits = [*find_lots(reader, text), *find_records(reader, text)]
    hits += [*find_signatures(reader, text), *find_people(reader, text)]
    exact = next((hit for hit in hits if hit.label.casefold() == text.casefold()), None)
    return Findings(tuple(hits), exact, "" if hits else suggest(reader, text))


def find_lots(reader: Reader, text: str) -> list[Hit]:
    """Return lots by number or product."""
    lots = readable_lots(reader).select_related("product")
    found = lots.filter(Q(number__icontains=text) | Q(product__name__icontains=text) | Q(product__code__iexact=text))
    return [
        Hit(
            "Lot",
            lot.number,
            f"{lot.product.name}, {lot.size:,} units",
            reverse("inspections:lot-detail", args=[lot.number]),
        )
        for lot in found.order_by("-pk")[:SHOWN]
    ]


def find_records(reader: Reader, text: str) -> list[Hit]:
    """Return controlled records by number or title."""
    found = readable_records(reader).filter(Q(number__icontains=text) | Q(title__icontains=text))
    return [
        Hit(
            record.concrete().KIND_LABEL.capitalize(),
            record.number,
            record.title,
            reverse("inspections:record-detail", args=[record.number]),
        )
        for record in found.order_by("-pk")[:SHOWN]
    ]


def find_signatures(reader: Reader, text: str) -> list[Hit]:
    """Return the signature of that number: it stands on every paper that a reader may hold."""
    found = Signature.objects.filter(record__in=readable_records(reader).values("pk"), number__iexact=text)
    return [
        Hit(
            "Signature",
            row.number,
            f"{row.printed_name} on {row.record.number}",
            reverse("signing:signature-detail", args=[row.number]),
        )
        for row in found.select_related("record")
    ]


def find_people(reader: Reader, text: str) -> list[Hit]:
    """Return people who acted on something within the scope, by user name or printed name."""
    records = readable_records(reader).values("pk")
    people = (
        Event.objects.filter(record__in=records)
        .filter(Q(actor_username__iexact=text) | Q(actor_name__icontains=text))
        .values_list("actor_username", "actor_name")
        .distinct()[:SHOWN]
    )
    where = reverse("inspections:timeline")
    return [
        Hit("Person", username, f"{name}: what they did on the records you may read", f"{where}?person={username}")
        for username, name in people
    ]


def suggest(reader: Reader, text: str) -> str:
    """Return the lot or record number nearest to what was typed, or nothing."""
    names = [
        *readable_lots(reader).values_list("number", flat=True)[:2000],
        *readable_records(reader).values_list("number", flat=True)[:2000],
    ]
    near = difflib.get_close_matches(text.upper(), names, n=1, cutoff=0.6)
    return near[0] if near else ""
