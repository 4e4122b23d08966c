"""Pages of periodic reviews: begun for a system, concluded topic by topic, gathered anew."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from qms.validating import pages
from qms.validating.review_form import ReviewForm
from qms.web.requests import actor_of
from records.workflow import take_role
from validation.models import PeriodicReview, System
from validation.periodic_reviews import DRAFT, PREPARERS, begin_review, refresh_review
from validation.queries import load_record


@login_required
@require_POST
def start_review(request: HttpRequest, number: str) -> HttpResponse:
    """Begin the periodic review of a system with its pack."""
    actor = take_role(actor_of(request), PREPARERS)
    made = begin_review(load_record(actor, System, number), actor=actor)
    text = gettext("{number} is begun with the facts gathered. Draw a conclusion from each topic.")
    messages.success(request, text.format(number=made.number))
    return redirect("validating:review-detail", made.number)


@login_required
@require_http_methods(["GET", "POST"])
def show_review(request: HttpRequest, number: str) -> HttpResponse:
    """Show a review topic by topic; who prepares it writes the conclusions."""
    actor = actor_of(request)
    found = load_record(actor, PeriodicReview, number)
    form = ReviewForm(request.POST if request.method == "POST" else None, review=found)
    if request.method == "POST":
        take_role(actor, PREPARERS)
        if form.is_valid() and form.save(actor):
            messages.success(request, gettext("{number} is saved.").format(number=number))
            return redirect("validating:review-detail", number)
    is_editable = found.state == DRAFT and any(actor.holds(role) for role in PREPARERS)
    waiting = sum(not row.is_concluded for row in form.items)
    context = pages.record_context(found, actor) | {"form": form, "is_editable": is_editable, "waiting": waiting}
    return render(request, "validating/review_detail.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def gather_again(request: HttpRequest, number: str) -> HttpResponse:
    """Gather the facts of a review anew."""
    actor = take_role(actor_of(request), PREPARERS)
    refresh_review(load_record(actor, PeriodicReview, number), actor=actor)
    messages.success(
        request, gettext("The facts are gathered up to now. Conclusions on facts that changed are marked.")
    )
    return redirect("validating:review-detail", number)
