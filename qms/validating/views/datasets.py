"""Pages of the data sets."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from qms.validating import pages
from qms.validating.forms import ReasonForm
from qms.validating.forms_studies import ConsumeForm, DataSetForm, ItemsForm
from qms.validating.set_import import ItemsImport
from qms.validating.studies import PAIRS_SHOWN, fit_actions, set_initial
from qms.web.paging import page_through
from qms.web.requests import actor_of
from records.workflow import check_transition, take_role
from validation.dataset_items import HEADINGS, STRATA, SetItem, write_table
from validation.datasets import (
    SetFacts,
    begin_set,
    consume_set,
    edit_set,
    exclude_item,
    exclude_overlap,
    may_read_items,
    read_manifest,
    take_setter,
)
from validation.models import DataSet, System
from validation.overlap import find_overlap
from validation.queries import load_record, records_for
from validation.workflow_studies import OPENERS, SETTERS


@login_required
@require_safe
def list_sets(request: HttpRequest) -> HttpResponse:
    """Show the data sets, newest first."""
    rows = records_for(actor_of(request), DataSet).select_related("system")
    page = page_through(rows, ordering=["-id"], query=request.GET)
    return render(request, "validating/set_list.html", {"page": page})


@login_required
@require_safe
def show_set(request: HttpRequest, number: str) -> HttpResponse:
    """Show a data set: plan and counts, who opened it, and its items where they may be read."""
    actor = actor_of(request)
    data_set = load_record(actor, DataSet, number)
    may_read = may_read_items(data_set, actor)
    pairs = find_overlap(data_set) if data_set.state == "draft" and may_read else []
    context = fit_actions(pages.record_context(data_set, actor), data_set) | {
        "data_set": data_set,
        "strata": data_set.count_strata(),
        "item_count": data_set.items.count(),
        "page": page_through(data_set.items.all(), ordering=["id"], query=request.GET) if may_read else None,
        "may_read": may_read,
        "may_edit": data_set.state == "draft" and any(map(actor.holds, SETTERS)),
        "openings": data_set.openings.order_by("pk"),
        "pair_count": len(pairs),
        "pairs": pairs[:PAIRS_SHOWN],
    }
    return render(request, "validating/set_detail.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def make_set(request: HttpRequest, number: str) -> HttpResponse:
    """Begin a data set of a system."""
    actor = take_role(actor_of(request), SETTERS)
    system = load_record(actor, System, number)
    form = DataSetForm(request.POST or None, initial={"strata": "; ".join(STRATA) + "\n"})
    if request.method == "POST" and form.is_valid():
        typed = {name: value for name, value in form.cleaned_data.items() if name != "revision"}
        purpose = typed.pop("purpose")
        made = pages.try_rule(form, lambda: begin_set(system, SetFacts(**typed), actor=actor, purpose=purpose))
        if made is not None:
            return redirect("validating:set-detail", made.number)
    title = gettext("Begin a data set of {number}").format(number=number)
    return pages.form_page(request, form, title=title, button="Keep as a draft", record=system)


@login_required
@require_http_methods(["GET", "POST"])
def change_set(request: HttpRequest, number: str) -> HttpResponse:
    """Change a draft."""
    data_set = load_record(actor_of(request), DataSet, number)
    actor = take_setter(data_set, actor_of(request))
    form = DataSetForm(request.POST or None, initial=set_initial(data_set))
    del form.fields["purpose"]
    if request.method == "POST" and form.is_valid():
        typed = dict(form.cleaned_data)
        seen = typed.pop("revision") or 0
        rule = lambda: edit_set(data_set, SetFacts(**typed), actor=actor, revision=seen)  # noqa: E731
        if pages.try_rule(form, rule) is not None:
            return redirect("validating:set-detail", number)
    title = gettext("Change {number}").format(number=number)
    return pages.form_page(request, form, title=title, button="Save data set", record=data_set)


@login_required
@require_http_methods(["GET", "POST"])
def import_items(request: HttpRequest, number: str) -> HttpResponse:
    """Show what a manifest or a zip would add with every fault named, then add it whole."""
    data_set = load_record(actor_of(request), DataSet, number)
    actor = take_setter(data_set, actor_of(request))
    form = ItemsForm(request.POST or None, request.FILES or None)
    found = ItemsImport(data_set, form)
    if request.method == "POST" and form.is_valid():
        found.read()
        if "confirm" in request.POST and found.save(actor):
            messages.success(request, gettext("{count} items are added.").format(count=len(found.lines)))
            return redirect("validating:set-detail", number)
    context = {"form": form, "data_set": data_set, "found": found, "headings": HEADINGS}
    return render(request, "validating/set_import.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def exclude(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Exclude an item of a draft with a reason."""
    data_set = load_record(actor_of(request), DataSet, number)
    actor = take_setter(data_set, actor_of(request))
    row = get_object_or_404(data_set.items, pk=pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if pages.try_rule(form, lambda: exclude_item(data_set, row.name, actor=actor, reason=reason)) is not None:
            return redirect("validating:set-detail", number)
    title = gettext("Exclude {name}").format(name=row.name)
    return pages.form_page(request, form, title=title, button="Exclude", record=data_set)


@login_required
@require_http_methods(["GET", "POST"])
def exclude_shared(request: HttpRequest, number: str) -> HttpResponse:
    """Exclude every item of a draft that a set to be kept apart from holds too."""
    data_set = load_record(actor_of(request), DataSet, number)
    actor = take_setter(data_set, actor_of(request))
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        count = pages.try_rule(form, lambda: exclude_overlap(data_set, actor=actor, reason=reason))
        if count is not None:
            messages.success(request, gettext("{count} items are excluded.").format(count=count))
            return redirect("validating:set-detail", number)
    title = gettext("Exclude what {number} shares with other sets").format(number=number)
    return pages.form_page(request, form, title=title, button="Exclude", record=data_set)


@login_required
@require_http_methods(["GET", "POST"])
def revise_set(request: HttpRequest, number: str) -> HttpResponse:
    """Open a signed set for revision while nobody opened it."""
    actor = actor_of(request)
    return pages.revision_page(request, load_record(actor, DataSet, number), actor)


@login_required
@require_http_methods(["GET", "POST"])
def consume(request: HttpRequest, number: str) -> HttpResponse:
    """Mark an opened test set as consumed by what its results informed."""
    actor = take_role(actor_of(request), OPENERS)
    data_set = load_record(actor, DataSet, number)
    check_transition(data_set, "consume", actor=actor)
    form = ConsumeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        if pages.try_rule(form, lambda: consume_set(data_set, actor=actor, **typed)) is not None:
            return redirect("validating:set-detail", number)
    title = gettext("Mark {number} as consumed").format(number=number)
    return pages.form_page(request, form, title=title, button="Mark as consumed", record=data_set)


@login_required
@require_safe
def send_manifest(request: HttpRequest, number: str) -> HttpResponse:
    """Send the manifest with its labels as CSV; of a test set the reading is an event."""
    actor = actor_of(request)
    data_set = load_record(actor, DataSet, number)
    rows = read_manifest(data_set, actor=actor)
    items = [SetItem(*(getattr(row, name) for name in HEADINGS)) for row in rows]
    return pages.csv_file(write_table(items), name=f"{data_set.number}-manifest.csv")
