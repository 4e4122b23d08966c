"""The quality unit's side of a visit: accesses, live view, requests, hand-over list."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qms.accounts.current import user_of
from qms.accounts.models import User
from qms.batches.access import lots_for, products_for
from qms.inspections.accesses import GRANTORS, answer_request, end_access, grant_access, make_request
from qms.inspections.errors import OutsideScope, ReadOnlyAccess
from qms.inspections.forms import AccessForm, AnswerForm, EndAccessForm, RequestForm
from qms.inspections.models import Export, InspectionRequest, InspectorAccess
from qms.inspections.scope import Reader, managed_accesses, may_provide, readable_records
from qms.inspections.views.reading import reader_of
from qms.inspections.visits import visits_of
from qms.web.language import tell_refusal
from qms.web.paging import page_through
from qms.web.requests import actor_of
from records.clock import now
from records.errors import Refusal
from records.timeline import describe_events
from records.workflow import take_role


def inspectors() -> list[int]:
    """Return the ids of people who hold the inspector's role now."""
    moment = now()
    grants = User.objects.filter(is_active=True, role_grants__role="inspector", role_grants__starts_at__lte=moment)
    return list(grants.exclude(role_grants__ends_at__lte=moment).values_list("pk", flat=True))


def load_access(reader: Reader, pk: int) -> InspectorAccess:
    """Return an access that the quality person looks after. Raises: OutsideScope."""
    found = managed_accesses(reader.user.pk).select_related("inspector").filter(pk=pk).first()
    if found is None:
        raise OutsideScope(what="This access")
    return found


def load_asked(reader: Reader, pk: int) -> InspectionRequest:
    """Return a request under an access that the quality person looks after. Raises: OutsideScope."""
    accesses = managed_accesses(reader.user.pk).values("pk")
    found = InspectionRequest.objects.select_related("access__inspector").filter(pk=pk, access__in=accesses).first()
    if found is None:
        raise OutsideScope(what="This request")
    return found


@require_GET
def list_accesses(request: HttpRequest) -> HttpResponse:
    """Show running and past accesses, open requests and the hand-over list."""
    take_role(actor_of(request), GRANTORS)
    reader = reader_of(request)
    accesses = managed_accesses(reader.user.pk)
    requests = InspectionRequest.objects.filter(state="open", access__in=accesses.values("pk"))
    exports = Export.objects.filter(record__in=readable_records(reader).values("pk"))
    context = {
        "accesses": accesses.select_related("inspector", "granted_by").order_by("-ends_at")[:50],
        "requests": requests.select_related("access__inspector"),
        "exports": exports.select_related("record", "requested_by")[:50],
        "moment": now(),
    }
    return render(request, "inspections/access_list.html", context)


@require_http_methods(["GET", "POST"])
def create_access(request: HttpRequest) -> HttpResponse:
    """Give a new read-only access."""
    actor, user = take_role(actor_of(request), GRANTORS), user_of(request)
    people = User.objects.filter(pk__in=inspectors())
    form = AccessForm(request.POST or None, people=people, products=products_for(user.pk), lots=lots_for(user.pk))
    if request.method == "POST" and form.is_valid():
        try:
            access = grant_access(form.cleaned_data["inspector"], actor=actor, **form.facts())
        except Refusal as refusal:
            form.add_error(None, tell_refusal(refusal))
        else:
            until = f"{access.ends_at:%Y-%m-%d %H:%M} UTC"
            said = gettext("{name} may read until {until}.").format(name=access.inspector.printed_name, until=until)
            messages.success(request, said)
            return redirect("inspections:access-detail", pk=access.pk)
    return render(request, "inspections/access_form.html", {"form": form}, status=422 if form.errors else 200)


@require_GET
def show_access(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an access with what the inspector opened and took, live."""
    take_role(actor_of(request), GRANTORS)
    reader = reader_of(request)
    access = load_access(reader, pk)
    page = page_through(visits_of(access, reader=reader), ordering=["-id"], query=request.GET)
    context = {
        "access": access,
        "scopes": access.scopes.select_related("product", "lot"),
        "page": page,
        "entries": describe_events(page.rows),
        "end_form": EndAccessForm(),
        "is_running": access.starts_at <= now() < access.ends_at,
    }
    return render(request, "inspections/access.html", context)


@require_POST
def close_access(request: HttpRequest, pk: int) -> HttpResponse:
    """End an access now."""
    actor = take_role(actor_of(request), GRANTORS)
    form = EndAccessForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    end_access(load_access(reader_of(request), pk), actor=actor, reason=reason)
    messages.success(request, gettext("The access has ended; open pages of the inspector stop at their next click."))
    return redirect("inspections:access-detail", pk=pk)


@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Provide a record for a request, or decline it."""
    actor = take_role(actor_of(request), GRANTORS)
    asked = load_asked(reader_of(request), pk)
    form = AnswerForm(request.POST or None, may_provide=partial(may_provide, actor=actor))
    if request.method == "POST" and form.is_valid():
        record = form.cleaned_data["record"]
        answer_request(
            asked, actor=actor, answer=form.cleaned_data["answer"], record=record, is_provided=record is not None
        )
        messages.success(request, gettext("The inspector sees the answer now."))
        return redirect("inspections:inspection-list")
    return render(
        request, "inspections/answer.html", {"form": form, "asked": asked}, status=422 if form.errors else 200
    )


@require_POST
def create_request(request: HttpRequest) -> HttpResponse:
    """Ask the quality unit for something outside the search."""
    reader = reader_of(request)
    if reader.access is None:
        raise ReadOnlyAccess()
    form = RequestForm(request.POST)
    if not form.is_valid():
        context = {"reader": reader, "requests": reader.requests, "form": form}
        return render(request, "inspections/requests.html", context, status=422)
    make_request(reader.access, actor=actor_of(request), text=form.cleaned_data["text"])
    messages.success(request, gettext("The quality unit has your request."))
    return redirect("inspections:request-list")
