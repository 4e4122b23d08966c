"""Pages of the record determinations and of the register of record types."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from qms.validating import pages
from qms.validating.forms_gaps import DeterminationEditForm, DeterminationForm
from qms.web.paging import page_through
from qms.web.requests import actor_of
from records.workflow import take_role
from validation.determinations import WRITERS, draft_determination, edit_determination, list_register
from validation.models import RecordDetermination
from validation.queries import load_record, records_for
from validation.subjects_gaps import determination_facts


@login_required
@require_safe
def list_determinations(request: HttpRequest) -> HttpResponse:
    """Show the register of record types with their retention, and every determination, newest first."""
    actor = actor_of(request)
    rows = records_for(actor, RecordDetermination).select_related("owner", "system")
    context = {
        "page": page_through(rows, ordering=["-id"], query=request.GET),
        "register": list_register(),
        "may_write": any(actor.holds(role) for role in WRITERS),
    }
    return render(request, "validating/determination_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def make_determination(request: HttpRequest) -> HttpResponse:
    """Draft a determination."""
    actor = take_role(actor_of(request), WRITERS)
    form = DeterminationForm(request.POST or None, initial={"governs": request.GET.get("kind", "")})
    if request.method == "POST" and form.is_valid():
        made = pages.try_rule(form, lambda: draft_determination(actor=actor, **form.cleaned_data))
        if made is not None:
            return redirect("validating:determination-detail", made.number)
    return pages.form_page(request, form, title="Determine whether data are a record", button="Draft determination")


@login_required
@require_safe
def show_determination(request: HttpRequest, number: str) -> HttpResponse:
    """Show a determination: the facts, the decision, and what starts its retention."""
    actor = actor_of(request)
    found = load_record(actor, RecordDetermination, number)
    context = pages.record_context(found, actor) | {
        "facts": determination_facts(found.content()),
        "may_edit": found.state == "draft" and any(actor.holds(role) for role in WRITERS),
    }
    return render(request, "validating/determination_detail.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def change_determination(request: HttpRequest, number: str) -> HttpResponse:
    """Change a draft."""
    actor = take_role(actor_of(request), WRITERS)
    found = load_record(actor, RecordDetermination, number)
    initial = {name: getattr(found, name) for name in DeterminationEditForm.base_fields if hasattr(found, name)}
    form = DeterminationEditForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        seen = {name: form.cleaned_data[name] for name in ("revision", "reason")}
        if pages.try_rule(form, lambda: edit_determination(found, actor=actor, **seen, **form.facts())) is not None:
            return redirect("validating:determination-detail", number)
    title = gettext("Change {number}").format(number=number)
    return pages.form_page(request, form, title=title, button="Save changes", record=found)


@login_required
@require_http_methods(["GET", "POST"])
def revise_determination(request: HttpRequest, number: str) -> HttpResponse:
    """Open a signed determination for revision."""
    actor = actor_of(request)
    return pages.revision_page(request, load_record(actor, RecordDetermination, number), actor)
