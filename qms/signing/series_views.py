"""What waits for a person's signature, and signing several of them one after the other."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from qms.accounts.roles import SIGNING_ROLES
from qms.signing.pages import group_by_meaning, url_of
from qms.web.requests import actor_of
from records.workflow import take_role
from signatures.series import MOST_RECORDS, ceremonies_of, leave_series, load_series, next_of, open_series
from signatures.worklist import find_work, records_to_sign

SIGNERS = tuple(sorted(SIGNING_ROLES))


@require_safe
@login_required
def show_list(request: HttpRequest) -> HttpResponse:
    """Show what waits for the person's signature, by meaning."""
    actor = take_role(actor_of(request), SIGNERS)
    groups = group_by_meaning(records_to_sign(actor))
    return render(request, "signing/list.html", {"groups": groups, "most": MOST_RECORDS})


@require_POST
@login_required
def open_many(request: HttpRequest) -> HttpResponse:
    """Open a series of the ticked records; the list is fixed from here on."""
    actor = take_role(actor_of(request), SIGNERS)
    ticked = set(request.POST.getlist("item"))
    items = [item for item in find_work(actor) if item.key in ticked]
    series = open_series(items, actor=actor)
    return redirect("signing:ceremony", ceremonies_of(series)[0].pk)


@require_safe
@login_required
def show_series(request: HttpRequest, series_id: uuid.UUID) -> HttpResponse:
    """Show a series: each record with its signature, and how to go on."""
    series = load_series(series_id, actor=actor_of(request))
    rows = [(row, url_of(row.record)) for row in ceremonies_of(series)]
    return render(request, "signing/series.html", {"series": series, "rows": rows, "following": next_of(series)})


@require_POST
@login_required
def leave(request: HttpRequest, series_id: uuid.UUID) -> HttpResponse:
    """Leave a series: what is not signed yet stays unsigned."""
    series = load_series(series_id, actor=actor_of(request))
    leave_series(series, actor=actor_of(request))
    return redirect("signing:series", series.pk)
