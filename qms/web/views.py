"""Pages of the shell itself: help, glossary, how the shell looks, staying signed in, faults.

Writes nothing but cookies of appearance.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import JavaScriptCatalog

from qms.web import context, glossary
from qms.web.refusals import render_fault, render_problem

YEAR_SECONDS = 365 * 24 * 3600
CHOICES = {"theme": context.THEMES, "nav": context.NAV_WIDTHS}

TOPICS = {
    "start": "First steps",
    "signing-in": "Signing in and the second factor",
    "home": "Your work",
    "batches": "Inspecting a batch",
    "review": "Reviewing images",
    "signing": "Signing",
    "models": "Models",
    "validation": "Validation",
    "studies": "Knapp studies and data sets",
    "inspection": "Finding and checking records",
    "history": "History and comparison",
    "people": "People and roles",
    "system": "State of the system, backups",
    "keyboard": "Keyboard and accessibility",
}


@require_safe
def show_help(request: HttpRequest, topic: str = "start") -> HttpResponse:
    """Show one page of the manual."""
    if topic not in TOPICS:
        raise Http404
    try:
        get_template(f"web/help/{topic}.html")
    except TemplateDoesNotExist as missing:
        raise Http404 from missing
    page = {"topic": topic, "title": TOPICS[topic], "topics": TOPICS, "page": f"web/help/{topic}.html"}
    return render(request, "web/help.html", page)


@require_safe
def show_glossary(request: HttpRequest) -> HttpResponse:
    """Show the words of the house."""
    terms = sorted(glossary.TERMS.items(), key=lambda term: term[0].casefold())
    return render(request, "web/glossary.html", {"terms": terms})


@require_safe
def send_texts(request: HttpRequest) -> HttpResponseBase:
    """Give the texts of the scripts in the page's language; pages in the source's language do not ask for them."""
    return JavaScriptCatalog.as_view()(request)


@require_POST
def save_preferences(request: HttpRequest) -> HttpResponse:
    """Keep how the shell looks in this browser, and go back."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    for name, allowed in CHOICES.items():
        chosen = request.POST.get(name)
        if chosen in allowed:
            response.set_cookie(
                f"ui_{name}", chosen, max_age=YEAR_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure()
            )
    return response


@require_POST
def stay_signed_in(request: HttpRequest) -> HttpResponse:
    """Answer the idle warning; the request itself is what keeps the session."""
    return HttpResponse(status=204 if request.user.is_authenticated else 401)


def refuse_csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form was sent from elsewhere or after signing out."""
    text = (
        "This form is no longer valid, for instance because you signed in again in another window."
        " Go back, reload the page and send it once more."
    )
    return render_problem(request, 403, text=text, code="web.form_not_from_here")


def show_bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show status 400."""
    text = "The browser sent something this site does not understand. Go back and try again."
    return render_problem(request, 400, text=text, code="web.bad_request")


def show_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show status 403."""
    text = str(exception) or "Your roles do not allow this."
    return render_problem(request, 403, text=text, code="web.permission_denied")


def show_missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show status 404, without telling whether something exists that the person may not see."""
    text = "There is nothing at this address, or nothing that you may see."
    return render_problem(request, 404, text=text, code="web.not_found")


def show_fault(request: HttpRequest) -> HttpResponse:
    """Show status 500."""
    return render_fault(request)
