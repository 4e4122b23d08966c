"""The style guide: every piece of the shell on a few pages, mounted only for tests and screenshots."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import ClassVar

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, include, path
from django.utils.safestring import mark_safe

from qms.web import navigation, status, tables
from qms.web.paging import Page
from qms.web.templatetags import countersign as tags
from records.differences import compare_contents
from records.errors import Refusal

AT = dt.datetime(2026, 11, 22, 19, 3, 7, tzinfo=dt.UTC)
DIGEST = "9af312c077bee1d05b7f3c6a90d2481ce5f60b1a7d8c3e4f5a6b7c8d9e0f1a2b"


@dataclasses.dataclass
class GuidePerson:
    """A person as the shell sees one."""

    pk: int = 7
    username: str = "mchen"
    printed_name: str = "Maria Chen"
    time_zone: str = "America/New_York"
    shortcuts_enabled: bool = True
    is_authenticated: bool = True
    is_anonymous: bool = False
    is_active: bool = True

    def held_roles(self) -> frozenset[str]:
        """Hold the quality manager's role."""
        return frozenset({"qa_manager", "reviewer"})


class GuideMiddleware:
    """Sign the guide's person in, without any account; or the person of the X-Person header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        username = request.headers.get("X-Person", "")
        if username != "nobody":
            user = get_user_model().objects.get(username=username) if username else GuidePerson()
            request.user = user  # type: ignore[assignment]
        return self.get_response(request)


@dataclasses.dataclass(frozen=True)
class Signature:
    """What the manifestation part shows."""

    printed_name: str = "Maria Chen"
    username: str = "mchen"
    role: str = "QA manager"
    meaning: str = "Approved"
    signed_at: dt.datetime = AT
    time_zone: str = "America/New_York"
    reason: str = "Re-inspection passed, all open points are closed."
    number: str = "S-000123"
    url: str = "#signature"
    is_verified: bool | None = True
    ledger_entry: str = "48,211"


class SignForm(forms.Form):
    """The credentials of one signing."""

    comment = forms.CharField(label="Comment", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    password = forms.CharField(label="Password", widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}))
    code = forms.CharField(
        label="One-time code",
        help_text="Six digits from your authenticator.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class LotForm(forms.Form):
    """A form with every kind of field."""

    number = forms.CharField(label="Lot number", help_text="As printed on the order.")
    product = forms.ChoiceField(
        label="Product", choices=[("", "Choose a product"), ("2R", "Vial 2R"), ("10R", "Vial 10R")]
    )
    received_on = forms.DateField(label="Received on", help_text="YYYY-MM-DD")
    images = forms.FileField(label="Images", help_text="A zip file.", required=False)
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea)
    kind = forms.ChoiceField(
        label="Kind of run",
        choices=[("first", "First inspection"), ("again", "Re-inspection")],
        widget=forms.RadioSelect,
    )
    is_urgent = forms.BooleanField(label="Urgent", required=False, help_text="Shown first in every list.")


def _facts() -> list[tuple[str, object]]:
    return [
        ("Lot", "L-70001"),
        ("Product", "Vial 2R, 4 mL"),
        ("Line", "3"),
        ("Model", mark_safe(f'<a href="#m">vial-net 7</a> {_render_status("released")}')),
        ("Threshold", "0.80, undecided from 0.45"),
        ("Received", mark_safe(_render_time())),
        ("Images", "500"),
        ("File set", mark_safe(_render_digest())),
    ]


def _render_status(state: str) -> str:
    token = status.find_token(state)
    return f'<span class="status status-{token.name}">{tags.draw_icon(token.symbol)}{status.write_word(state)}</span>'


def _render_time() -> str:
    return tags.show_moment(AT)


def _render_digest() -> str:
    return tags.show_digest(DIGEST)


def show_record(request: HttpRequest) -> HttpResponse:
    """Show a record's page."""
    messages.success(request, "The note is saved.")
    tabs = [
        tables.Tab("Overview", "#o", is_current=True),
        tables.Tab("Content", "#c"),
        tables.Tab("Signatures", "#s", count=2),
        tables.Tab("History", "#h", count=64),
        tables.Tab("Links", "#l"),
    ]
    tokens = [(token.name, token.word) for token in status.TOKENS]
    context = {"facts": _facts(), "tabs": tabs, "signature": Signature(), "at": AT, "digest": DIGEST, "tokens": tokens}
    return render(request, "guide/record.html", context)


def show_list(request: HttpRequest) -> HttpResponse:
    """Show a list, sorted and paged."""
    states = ["draft", "running", "awaiting_signature", "released", "rejected", "on_hold", "superseded", "closed"]
    rows = [
        {
            "number": f"BR-2026-{40 - n:04}",
            "lot": f"L-{70040 - n}",
            "product": "Vial 2R" if n % 3 else "Vial 10R, long neck, siliconised",
            "state": states[n % 8],
            "images": 500 - n * 7,
            "rejected": (n * 5) % 23,
            "at": AT - dt.timedelta(hours=7 * n),
        }
        for n in range(24)
    ]
    columns = [
        tables.Column("Number", "number"),
        tables.Column("Lot", "lot"),
        tables.Column("Product"),
        tables.Column("Status"),
        tables.Column("Images", "images", is_numeric=True),
        tables.Column("Rejected", is_numeric=True),
        tables.Column("Received", "at"),
    ]
    table = tables.Table("Batches", columns, rows, "guide/_row.html").sorted_by(
        tables.choose_sort(request.GET.get("sort"), ["number", "lot", "images", "at"], "-at")
    )
    page: Page[object] = Page(rows=[], older="b", newer="a")  # type: ignore[type-var]
    empty = tables.Table(
        "Requests",
        columns,
        [],
        "guide/_row.html",
        "No requests yet. They appear here when an inspector asks for something.",
    )
    return render(request, "guide/list.html", {"table": table, "page": page, "empty": empty})


def show_sign(request: HttpRequest) -> HttpResponse:
    """Show a signing page; posted, with its errors."""
    form = SignForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.add_error(None, "Password or code not accepted. 4 tries left.")
    context = {"form": form, "facts": _facts(), "digest": DIGEST, "now": AT, "available": AT + dt.timedelta(seconds=17)}
    return render(request, "guide/sign.html", context)


def show_signed(request: HttpRequest) -> HttpResponse:
    """Show the panel after signing."""
    return render(request, "guide/signed.html", {"signature": Signature()})


def show_form(request: HttpRequest) -> HttpResponse:
    """Show a form; posted, with its errors."""
    return render(request, "guide/form.html", {"form": LotForm(request.POST or None)})


def show_review(request: HttpRequest) -> HttpResponse:
    """Show the review grid."""
    verdicts = [
        ("reject", "Crack", "cross", ".97"),
        ("undecided", "Undecided", "question", ".52"),
        ("good", "Good", "check", ".99"),
        ("reject", "Fibre", "cross", ".91"),
    ]
    units = [
        dict(zip(("kind", "word", "icon", "score"), verdicts[(n * 7) % 4], strict=True), number=n, done=n % 5 == 0)
        for n in range(1, 49)
    ]
    chips = [
        ("Unreviewed", 41, True),
        ("Flagged", 23, False),
        ("Low confidence", 11, False),
        ("Random check", 20, False),
        ("Overridden", 2, False),
        ("Failed", 0, False),
        ("All", 500, False),
    ]
    return render(request, "guide/review.html", {"units": units, "chips": chips, "unit": units[0], "digest": DIGEST})


def show_compare(request: HttpRequest) -> HttpResponse:
    """Show two versions side by side and a timeline; opens a session."""
    request.session["has_compared"] = True
    old = {
        "Disposition": "On hold",
        "Note": "Re-inspection asked for by line 3.",
        "Lot": "L-70001",
        "Limits": {"Reject rate": "4 %", "Fibres": "1 %"},
    }
    new = {
        "Disposition": "Approved",
        "Note": "Re-inspection passed; line 3 informed.",
        "Lot": "L-70001",
        "Limits": {"Reject rate": "5 %", "Fibres": "1 %"},
    }
    context = {
        "rows": compare_contents(old, new).rows,
        "at": AT,
        "old_name": "Version 2",
        "new_name": "Version 3",
        "query": "Maria",
    }
    return render(request, "guide/compare.html", context)


def show_live(request: HttpRequest) -> HttpResponse:
    """Show parts that renew themselves."""
    return render(request, "guide/live.html")


def show_fragment(request: HttpRequest) -> HttpResponse:
    """Give one such part."""
    return render(request, "guide/_fragment.html")


class SecondPersonMissing(Refusal):
    code: ClassVar[str] = "guide.second_person_missing"
    clause: ClassVar[str] = "11.10(g)"
    message: ClassVar[str] = "Another person must confirm <{number}>."


def refuse(request: HttpRequest, status: int) -> HttpResponse:
    """Refuse with the status asked for."""
    refusal = SecondPersonMissing(number="BR-2026-0042", retry_after_seconds=90)
    refusal.status = status  # type: ignore[misc]
    raise refusal


def deny(request: HttpRequest) -> HttpResponse:
    """Deny in Django's own way."""
    raise PermissionDenied("Only reviewers may open this.")


def break_down(request: HttpRequest) -> HttpResponse:
    """Fail as no rule foresees."""
    raise ZeroDivisionError("secret detail")


def _stand_ins() -> list[URLResolver]:
    """Mount a page wherever the shell expects one of another app."""
    names = [entry.name for entry in navigation.ENTRIES] + ["accounts:profile", "accounts:logout"]
    apps: dict[str, list[URLPattern]] = {}
    for app, _, name in (name.partition(":") for name in dict.fromkeys(names)):
        apps.setdefault(app, []).append(path(f"{app}/{name}/", show_list, name=name))
    return [path("", include((patterns, app))) for app, patterns in apps.items()]


urlpatterns = [
    path("", include("qms.web.urls")),
    *_stand_ins(),
    path("guide/refuse/<int:status>", refuse, name="guide-refuse"),
    path("guide/live", show_live, name="guide-live"),
    path("guide/fragment", show_fragment, name="guide-fragment"),
    path("guide/deny", deny, name="guide-deny"),
    path("guide/fault", break_down, name="guide-fault"),
    path("guide/record", show_record, name="guide-record"),
    path("guide/list", show_list, name="guide-list"),
    path("guide/sign", show_sign, name="guide-sign"),
    path("guide/signed", show_signed, name="guide-signed"),
    path("guide/form", show_form, name="guide-form"),
    path("guide/review", show_review, name="guide-review"),
    path("guide/compare", show_compare, name="guide-compare"),
]
handler400 = "qms.web.views.show_bad_request"
handler403 = "qms.web.views.show_denied"
handler404 = "qms.web.views.show_missing"
handler500 = "qms.web.views.show_fault"
