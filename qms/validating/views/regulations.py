"""Pages of the regulation library: its editions and their clauses, in our own words."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from qms.web.requests import actor_of
from records.workflow import take_role
from validation.clauses import EDITIONS
from validation.errors_gaps import EditionUnknown
from validation.queries import READERS

LIBRARY_READERS = (*READERS, "inspector")


@login_required
@require_safe
def list_editions(request: HttpRequest) -> HttpResponse:
    """Show every edition with its status."""
    actor = take_role(actor_of(request), LIBRARY_READERS)
    context = {"editions": EDITIONS.values(), "is_inside": not actor.holds("inspector")}
    return render(request, "validating/edition_list.html", context)


@login_required
@require_safe
def show_edition(request: HttpRequest, edition: str) -> HttpResponse:
    """Show one edition with its clauses."""
    actor = take_role(actor_of(request), LIBRARY_READERS)
    found = EDITIONS.get(edition)
    if found is None:
        raise EditionUnknown(edition=edition[:40])
    clauses, read_along = ([(found.citation(row), row) for row in rows] for rows in (found.clauses, found.context))
    context = {
        "edition": found,
        "clauses": clauses,
        "read_along": read_along,
        "is_inside": not actor.holds("inspector"),
    }
    return render(request, "validating/edition_detail.html", context)
