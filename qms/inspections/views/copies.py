"""Taking copies away: asking for one, watching it being made, downloading it."""

from __future__ import annotations

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from qms.inspections.copies import request_export, stored_file_of
from qms.inspections.errors import OutsideScope
from qms.inspections.models import Export
from qms.inspections.scope import Reader, check_export, load_record, readable_records
from qms.inspections.views.reading import reader_of
from qms.web.requests import actor_of
from records.acting import record_event
from records.stores import file_store


def load_export(reader: Reader, number: str) -> Export:
    """Return an export that the reader asked for and may still take.

    Raises: `OutsideScope`, `ExportNotAllowed`.
    """
    found = Export.objects.select_related("record", "file").filter(number=number, requested_by=reader.user).first()
    if found is None or not readable_records(reader).filter(pk=found.record_id).exists():
        raise OutsideScope(what=number[:40])
    check_export(reader, found.record)
    return found


@require_POST
def create_export(request: HttpRequest, number: str) -> HttpResponse:
    """Ask for a copy of a record."""
    reader = reader_of(request)
    record = load_record(reader, number)
    check_export(reader, record)
    export = request_export(record, actor=actor_of(request))
    return redirect("inspections:export-detail", number=export.number)


@require_GET
def show_export(request: HttpRequest, number: str) -> HttpResponse:
    """Show how far a copy is; the page may be left."""
    reader = reader_of(request)
    export = load_export(reader, number)
    template = "inspections/_export.html" if getattr(request, "htmx", False) else "inspections/export.html"
    return render(request, template, {"reader": reader, "export": export})


@require_GET
def download_export(request: HttpRequest, number: str) -> HttpResponse | FileResponse:
    """Hand the finished zip over; the download is an event."""
    reader = reader_of(request)
    export = load_export(reader, number)
    if export.state != Export.State.READY:
        return redirect("inspections:export-detail", number=export.number)
    file = stored_file_of(export)
    content = file_store().open_checked(file.sha256)
    record_event(actor_of(request), "inspections.export.downloaded", export.record, details={"export": export.number})
    return FileResponse(
        content,
        as_attachment=True,
        filename=f"{export.number}-{export.record.number}.zip",
        content_type="application/zip",
    )
