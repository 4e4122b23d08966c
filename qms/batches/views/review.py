"""Pages of the review: the grid, single units, the decisions on them."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from qms.batches import review_pages
from qms.batches.access import load_batch
from qms.batches.decisions import DECIDERS
from qms.batches.forms_review import AnswerForm, DecisionForm
from qms.batches.grid import make_page
from qms.batches.pages import make_tabs
from qms.batches.review_units import defect_library
from qms.batches.second_person import VERIFIERS
from qms.web.language import tell_refusal
from qms.web.requests import actor_of
from records.errors import Refusal
from records.workflow import take_role


@login_required
@require_safe
def show_grid(request: HttpRequest, number: str) -> HttpResponse:
    """Show the review grid of a batch, filtered as the URL says."""
    actor = actor_of(request)
    batch = load_batch(actor.user_id, number)
    page = make_page(batch, query=request.GET)
    context = {
        "batch": batch,
        "tabs": make_tabs(batch, "batches:review"),
        "page": page,
        "may_decide": review_pages.may_decide(batch, actor),
        "box": review_pages.lightbox_data(batch, actor=actor, query=request.GET),
        "query": urlencode({"show": page.show, "sort": page.order}),
    }
    return render(request, "batches/review/grid.html", context)


@login_required
@require_safe
def list_queue(request: HttpRequest, number: str) -> JsonResponse:
    """Give the lightbox the units of one filter, from a place on."""
    actor = actor_of(request)
    batch = load_batch(actor.user_id, number)
    return JsonResponse(review_pages.queue_json(batch, actor=actor, query=request.GET))


@login_required
@require_safe
def show_unit(request: HttpRequest, number: str, unit: str) -> HttpResponse:
    """Show one unit with everything a decision needs; works without scripts."""
    return render_unit(request, number, unit)


def render_unit(
    request: HttpRequest, number: str, unit: str, *, form: DecisionForm | None = None, refusal: Refusal | None = None
) -> HttpResponse:
    """Render a unit's page, with a refused form and why it was refused."""
    actor = actor_of(request)
    batch = load_batch(actor.user_id, number)
    context = review_pages.unit_context(batch, unit, actor=actor, query=request.GET)
    library = defect_library(batch)
    form = form or DecisionForm(library=library, initial={"seen": context["sheet"].state.last_id})
    context |= {"form": form, "answer_form": AnswerForm(initial={"seen": context["sheet"].state.last_id})}
    if refusal is not None:
        context |= {"problems": [(tell_refusal(refusal), "")], "has_error": True}
    status = refusal.status if refusal else 422 if form.errors else 200
    return render(request, "batches/review/unit.html", context, status=status)


@login_required
@require_POST
def decide(request: HttpRequest, number: str, unit: str) -> HttpResponse:
    """Take one decision on a unit, from the page's form or from the lightbox."""
    actor = take_role(actor_of(request), DECIDERS)
    image = review_pages.load_image(actor, number, unit)
    form = DecisionForm(request.POST, library=defect_library(image.batch))
    if not form.is_valid():
        if wants_json(request):
            return JsonResponse({"detail": "The decision was not understood.", "errors": form.errors}, status=422)
        return render_unit(request, number, unit, form=form)
    try:
        review_pages.take_decision(image, actor=actor, data=form.cleaned_data)
    except Refusal as refusal:
        if wants_json(request) or refusal.status != 422:
            raise
        return render_unit(request, number, unit, form=form, refusal=refusal)
    return answer(request, number, unit)


@login_required
@require_POST
def verify(request: HttpRequest, number: str, unit: str) -> HttpResponse:
    """Take the second person's answer to an override."""
    actor = take_role(actor_of(request), VERIFIERS)
    image = review_pages.load_image(actor, number, unit)
    form = AnswerForm(request.POST)
    if form.is_valid():
        try:
            review_pages.take_answer(image, actor=actor, data=form.cleaned_data)
        except Refusal as refusal:
            if wants_json(request) or refusal.status != 422:
                raise
            return render_unit(request, number, unit, refusal=refusal)
    return answer(request, number, unit)


def answer(request: HttpRequest, number: str, unit: str) -> HttpResponse:
    """Answer a saved decision: the unit as it stands for the lightbox, or the way on for the page."""
    actor = actor_of(request)
    batch = load_batch(actor.user_id, number)
    if wants_json(request):
        return JsonResponse(review_pages.saved_json(batch, unit, actor=actor))
    onward = review_pages.way_on(batch, unit, actor=actor, query=request.GET)
    messages.success(request, gettext("Saved your decision on unit {unit}.").format(unit=unit))
    query = request.GET.urlencode()
    target = reverse("batches:unit", args=[number, onward]) if onward else reverse("batches:review", args=[number])
    return redirect(f"{target}?{query}" if query and onward else target)


@login_required
@require_safe
def show_random_check(request: HttpRequest, number: str) -> JsonResponse:
    """Give what anyone needs to draw the random check again: list, seed, size and result."""
    batch = load_batch(actor_of(request).user_id, number)
    return JsonResponse(review_pages.random_check_json(batch))


def wants_json(request: HttpRequest) -> bool:
    """Tell whether the lightbox's script asks."""
    return request.headers.get("Accept", "").startswith("application/json")
