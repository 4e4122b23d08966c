"""What a reader opens: search, lot, record, timeline, comparison, verification."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from qms.accounts.current import user_of
from qms.accounts.tour import find_tour
from qms.batches.trail_review import OVERRIDES
from qms.inspections.errors import VersionMissing
from qms.inspections.forms import CATEGORIES, RequestForm, TimelineForm
from qms.inspections.models import Export
from qms.inspections.record_checks import check_record
from qms.inspections.scope import Reader, find_reader, load_lot, load_record, readable_records
from qms.inspections.search import search
from qms.inspections.signature_remarks import remark_signatures
from qms.inspections.visits import note_lot, note_record, note_search
from qms.web.paging import page_through
from qms.web.requests import actor_of
from records.differences import compare_contents
from records.models import ControlledRecord, Version
from records.retention import describe_retention
from records.timeline import count_categories, describe_events, events_of_records, filter_events
from records.versions import read_content
from signatures.manifestation import manifestation_of


def reader_of(request: HttpRequest) -> Reader:
    """Return who reads, or refuse."""
    return find_reader(user_of(request), actor=actor_of(request))


@require_GET
def show_search(request: HttpRequest) -> HttpResponse:
    """Show the one search box; an exact number opens at once."""
    reader, query = reader_of(request), request.GET.get("q", "")
    found = search(reader, query)
    if query.strip():
        note_search(actor=actor_of(request), query=query, hits=len(found.hits))
    if found.exact is not None:
        return redirect(found.exact.url)
    context = {"reader": reader, "query": query, "found": found, "request_form": RequestForm()}
    if reader.access is not None:
        own = Export.objects.filter(requested_by=reader.user, record__in=readable_records(reader).values("pk"))
        context |= {"requests": reader.requests, "exports": own.select_related("record")}
        context["tour"] = None if query else find_tour(actor_of(request), asked=request.GET.get("tour", ""))
    return render(request, "inspections/search.html", context)


@require_GET
def show_lot(request: HttpRequest, number: str) -> HttpResponse:
    """Show a lot: facts on the left, one timeline in plain sentences."""
    reader = reader_of(request)
    lot = load_lot(reader, number)
    note_lot(actor=actor_of(request), lot=lot.number)
    batches = list(lot.batches.select_related("model_version", "station").order_by("-pk"))
    context = timeline_context(request, [batch.pk for batch in batches])
    context |= {"lot": lot, "batches": batches, "newest": batches[0] if batches else None, "reader": reader}
    return render(request, "inspections/lot.html", context)


def timeline_context(request: HttpRequest, records: list[int]) -> dict[str, Any]:
    """Return one keyset page of a timeline with its filter chips."""
    form = TimelineForm(request.GET)
    asked, events = form.asked(), events_of_records(records)
    counts = count_categories(events) | {"override": events.filter(act__in=OVERRIDES).count()}
    page = page_through(filter_events(events, asked), ordering=["-id"], query=request.GET)
    chips = [(value, label, counts.get(value or "all", 0)) for value, label in CATEGORIES]
    return {
        "form": form,
        "asked": asked,
        "chips": chips,
        "page": page,
        "entries": remark_signatures(describe_events(page.rows)),
        "is_capped": counts["all"] > 10_000,
    }


@require_GET
def show_timeline(request: HttpRequest) -> HttpResponse:
    """Show what happened on all records the reader may open, filtered by the address."""
    reader = reader_of(request)
    records = list(readable_records(reader).values_list("pk", flat=True))
    return render(request, "inspections/timeline.html", timeline_context(request, records) | {"reader": reader})


@require_GET
def show_record(request: HttpRequest, number: str) -> HttpResponse:
    """Show a record as it was frozen, its signatures, files and history."""
    reader = reader_of(request)
    record = load_record(reader, number)
    note_record(actor=actor_of(request), record=record, page="record")
    versions = list(record.versions.order_by("-number"))
    signatures = list(
        record.signatures.select_related("version").prefetch_related("version__renditions").order_by("-id")
    )
    context = timeline_context(request, [record.pk]) | {
        "reader": reader,
        "record": record,
        "versions": versions,
        "retention": describe_retention(record),
        "sealed": [(row.version, row) for row in signatures if row.version.renditions.all()],
        "signatures": [
            manifestation_of(row, url=reverse("signing:signature-detail", args=[row.number])) for row in signatures
        ],
        "attachments": record.attachments.select_related("file"),
        "exports": Export.objects.filter(record=record, requested_by=reader.user),
    }
    return render(request, "inspections/record.html", context)


@require_GET
def show_comparison(request: HttpRequest, number: str) -> HttpResponse:
    """Show two versions side by side, the changed fields first."""
    reader = reader_of(request)
    record = load_record(reader, number)
    numbers = list(record.versions.order_by("number").values_list("number", flat=True))
    if not numbers:
        raise VersionMissing(number=record.number, version="to compare yet")
    newer = find_version(record, request.GET.get("to", str(numbers[-1])))
    older = find_version(record, request.GET.get("from", str(max(newer.number - 1, numbers[0]))))
    note_record(
        actor=actor_of(request), record=record, page=f"comparison of versions {older.number} and {newer.number}"
    )
    comparison = compare_contents(read_content(older), read_content(newer))
    context = {
        "reader": reader,
        "record": record,
        "older": older,
        "newer": newer,
        "numbers": numbers,
        "comparison": comparison,
    }
    context |= {"older_name": f"Version {older.number}", "newer_name": f"Version {newer.number}"}
    return render(request, "inspections/comparison.html", context)


def find_version(record: ControlledRecord, number: str) -> Version:
    """Return a version of the record by the number in the address. Raises: VersionMissing."""
    found = (
        record.versions.filter(number=int(number)).first()
        if number.isascii() and number.isdecimal() and len(number) < 9
        else None
    )
    if found is None:
        raise VersionMissing(number=record.number, version=number[:12])
    return found


@require_GET
def show_verification(request: HttpRequest, number: str) -> HttpResponse:
    """Recompute everything about one record and show it as a checklist."""
    reader = reader_of(request)
    record = load_record(reader, number)
    note_record(actor=actor_of(request), record=record, page="verification")
    lines = check_record(record)
    broken = [line for line in lines if not line.is_met]
    return render(
        request, "inspections/verification.html", {"reader": reader, "record": record, "lines": lines, "broken": broken}
    )


@require_GET
def show_requests(request: HttpRequest) -> HttpResponse:
    """Show an inspector's own requests and what was provided."""
    reader = reader_of(request)
    context = {"reader": reader, "requests": reader.requests, "form": RequestForm()}
    return render(request, "inspections/requests.html", context)
