"""Pages of backups: the sets, one set with its drills, and how far a job is. A restore has no page."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from qms.backups import jobs, queries
from qms.web.paging import page_through
from qms.web.requests import actor_of
from records.workflow import take_role


@login_required
@require_safe
def list_sets(request: HttpRequest) -> HttpResponse:
    """Show the sets, newest first, what runs, and what came of the last jobs."""
    take_role(actor_of(request), jobs.KEEPERS)
    page = page_through(queries.sets_with_drills(), ordering=["-id"], query=request.GET)
    context = {
        "page": page,
        "open_jobs": queries.open_jobs(),
        "last_jobs": queries.last_jobs(),
        "daily_at": settings.BACKUP.daily_at,
    }
    return render(request, "backups/list.html", context)


@login_required
@require_safe
def show_set(request: HttpRequest, name: str) -> HttpResponse:
    """Show one set: what it holds, and each drill with what was compared."""
    take_role(actor_of(request), jobs.KEEPERS)
    backup = queries.load_set(name)
    return render(request, "backups/set.html", {"backup": backup, "drills": queries.show_drills(backup)})


@login_required
@require_safe
def show_progress(request: HttpRequest) -> HttpResponse:
    """Show how far the jobs are: the fragment that the list asks for every two seconds."""
    take_role(actor_of(request), jobs.KEEPERS)
    found = queries.open_jobs()
    response = render(request, "backups/_jobs.html", {"open_jobs": found})
    if not found:
        response.headers["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def start_backup(request: HttpRequest) -> HttpResponse:
    """Ask for a backup now."""
    jobs.ask_for_backup(actor=actor_of(request))
    messages.success(request, gettext("The backup is asked for. You can leave this page."))
    return redirect("backups:list")


@login_required
@require_POST
def start_drill(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for a drill of one set."""
    actor = take_role(actor_of(request), jobs.KEEPERS)
    jobs.ask_for_drill(queries.load_set(name), actor=actor)
    messages.success(request, gettext("The restore drill is asked for. You can leave this page."))
    return redirect("backups:list")
