"""Each person's work, and the state of the system for administrators."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from qms.accounts.tour import find_tour
from qms.home.first_run import check_steps, next_step
from qms.home.system import describe_system, describe_verification
from qms.home.worklists import find_start, worklists_of
from qms.web.requests import actor_of
from records.workflow import take_role


@require_GET
def show_home(request: HttpRequest) -> HttpResponse:
    """Show what waits for the person; inspectors begin at their search."""
    actor = actor_of(request)
    if actor.holds("inspector"):
        return redirect("inspections:search")
    shown: dict[str, Any] = {"worklists": worklists_of(actor), "is_administrator": actor.holds("administrator")}
    if actor.holds("qa_manager"):
        shown["verification"] = describe_verification()
    shown["start"] = find_start(actor)
    shown["tour"] = find_tour(actor, asked=request.GET.get("tour", ""))
    return render(request, "home/home.html", shown)


@require_GET
def show_system(request: HttpRequest) -> HttpResponse:
    """Show how the installation stands: servers, storage, last verification."""
    take_role(actor_of(request), ("administrator",))
    return render(request, "home/system.html", {"lines": describe_system()})


@require_GET
@never_cache
def show_health(request: HttpRequest) -> JsonResponse:
    """Answer the same as JSON, for monitoring in an administrator's session; ``good`` is false where a line fails."""
    take_role(actor_of(request), ("administrator",))
    lines = describe_system()
    is_good = all(line.is_good for line in lines)
    return JsonResponse({"good": is_good, "lines": [line.as_dict() for line in lines]})


@require_GET
def show_first_run(request: HttpRequest) -> HttpResponse:
    """Show the steps from an installed product to a proven backup, each tested just now."""
    take_role(actor_of(request), ("administrator",))
    steps = check_steps()
    done = sum(step.is_done for step in steps)
    return render(request, "home/first_run.html", {"steps": steps, "next": next_step(steps), "done": done})
