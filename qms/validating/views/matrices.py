"""Pages of the risk matrix."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from qms.validating import pages
from qms.validating.forms import MatrixForm
from qms.web.paging import page_through
from qms.web.requests import actor_of
from records.workflow import take_role
from validation.matrices import propose_matrix
from validation.models import MatrixVersion
from validation.queries import load_record, records_for
from validation.workflow import ENGINEERS


@login_required
@require_safe
def list_matrices(request: HttpRequest) -> HttpResponse:
    """Show the risk matrices, newest first; the newest approved one is in force."""
    actor = actor_of(request)
    rows = records_for(actor, MatrixVersion)
    in_force = rows.filter(state="approved").order_by("-pk").first()
    context = {
        "page": page_through(rows, ordering=["-id"], query=request.GET),
        "in_force": in_force,
        "picture": pages.draw_matrix(in_force.matrix) if in_force else None,
        "is_engineer": actor.holds(pages.ENGINEER),
    }
    return render(request, "validating/matrix_list.html", context)


@login_required
@require_safe
def show_matrix(request: HttpRequest, number: str) -> HttpResponse:
    """Show one risk matrix."""
    actor = actor_of(request)
    found = load_record(actor, MatrixVersion, number)
    context = pages.record_context(found, actor) | {"picture": pages.draw_matrix(found.matrix)}
    return render(request, "validating/matrix_detail.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def make_matrix(request: HttpRequest) -> HttpResponse:
    """Draw up a risk matrix."""
    actor = take_role(actor_of(request), ENGINEERS)
    form = MatrixForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        facts = {"title": typed["title"], "reason": typed["reason"]}
        made = pages.try_rule(form, lambda: propose_matrix(form.matrix(), actor=actor, **facts))
        if made is not None:
            return redirect("validating:matrix-detail", made.number)
    text = "It counts once you and quality have signed it. Better detectability never raises a priority."
    return pages.form_page(request, form, title="Draw up a risk matrix", text=text, button="Keep as a draft")
