"""Pages of the deviations."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from qms.validating import pages
from qms.validating.forms import DeviationForm
from qms.web.paging import page_through
from qms.web.requests import actor_of
from records.workflow import take_role
from validation.deviations import investigate
from validation.models import Deviation
from validation.queries import load_record, records_for
from validation.workflow import ENGINEERS, QA

FIELDS = ("cause", "investigation", "corrective_action", "outcome", "revision")


@login_required
@require_safe
def list_deviations(request: HttpRequest) -> HttpResponse:
    """Show the deviations, newest first."""
    rows = records_for(actor_of(request), Deviation).select_related("execution", "entry")
    page = page_through(rows, ordering=["-id"], query=request.GET)
    return render(request, "validating/deviation_list.html", {"page": page})


@login_required
@require_http_methods(["GET", "POST"])
def edit_deviation(request: HttpRequest, number: str) -> HttpResponse:
    """Show a deviation; engineers and quality record what they found while it is open."""
    actor = actor_of(request)
    found = load_record(actor, Deviation, number)
    form = DeviationForm(request.POST or None, initial={name: getattr(found, name) for name in FIELDS})
    if request.method == "POST":
        take_role(actor, (*ENGINEERS, *QA))
        if form.is_valid():
            rule = lambda: investigate(found, actor=actor, **form.cleaned_data)  # noqa: E731
            if pages.try_rule(form, rule) is not None:
                messages.success(request, gettext("{number} is saved.").format(number=number))
                return redirect("validating:deviation-detail", number)
    context = pages.record_context(found, actor) | {
        "deviation": found,
        "evidence": found.execution.evidence.filter(step=found.entry.step).select_related("attachment"),
        "form": form,
        "is_editable": found.state == "open" and (actor.holds(pages.ENGINEER) or actor.holds("qa_manager")),
    }
    return render(request, "validating/deviation_detail.html", context, status=422 if form.errors else 200)
