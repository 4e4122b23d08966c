"""Pages of the inspection stations."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.shortcuts import render as render_page
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from qms.batches import forms, products
from qms.batches.models import Station
from qms.batches.views.products import answer_form
from qms.web.language import tell_refusal
from qms.web.requests import actor_of
from records.clock import now
from records.errors import Refusal
from records.workflow import take_role

READERS = ("qa_manager", "operator", "second_inspector", "reviewer", "validation_engineer")


@login_required
@require_safe
def list_stations(request: HttpRequest) -> HttpResponse:
    """Show the stations with their qualification."""
    actor = take_role(actor_of(request), READERS)
    context = {"stations": Station.objects.all(), "today": now().date(), "may_edit": actor.holds("qa_manager")}
    return render_page(request, "batches/station_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def make_station(request: HttpRequest) -> HttpResponse:
    """Register a station with its key."""
    actor = take_role(actor_of(request), products.KEEPERS)
    form = forms.StationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            station = products.register_station(actor=actor, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, tell_refusal(refusal))
        else:
            messages.success(request, gettext("{station_name} is registered.").format(station_name=station.name))
            return redirect("batches:station-list")
    return answer_form(
        request, form, title="Register a station", button="Register station", back="batches:station-list"
    )


@login_required
@require_http_methods(["GET", "POST"])
def change_station(request: HttpRequest, code: str) -> HttpResponse:
    """Change a station: a new key, a new qualification date, out of service."""
    actor = take_role(actor_of(request), products.KEEPERS)
    station = get_object_or_404(Station, code=code)
    initial = {name: getattr(station, name) for name in ("name", "public_key", "qualified_until", "is_active")}
    form = forms.StationEditForm(request.POST or None, initial=initial | {"seen": products.newest_snapshot(station)})
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        try:
            products.edit_station(
                station, actor=actor, reason=fields.pop("reason"), seen=fields.pop("seen"), changes=fields
            )
        except Refusal as refusal:
            form.add_error(None, tell_refusal(refusal))
        else:
            messages.success(request, gettext("{station_name} is changed.").format(station_name=station.name))
            return redirect("batches:station-list")
    return answer_form(
        request,
        form,
        title=gettext("Change {station_name}").format(station_name=station.name),
        button="Save station",
        back="batches:station-list",
    )
