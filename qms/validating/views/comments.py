"""Pages of review comments: writing one, answering it, settling it, taking it back."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from qms.validating import comment_pages as shown
from qms.validating import pages
from qms.validating.forms_comments import SETTLE, TAKE_BACK, CommentEntryForm, CommentForm
from qms.web.requests import actor_of
from records.evidence import Actor
from validation.comment_threads import Thread, load_document, load_thread
from validation.commenting import (
    answer_comment,
    check_under_review,
    find_place,
    settle_comment,
    take_comment_back,
    write_comment,
)
from validation.document_parts import WHOLE
from validation.models import CommentEntry


@login_required
@require_http_methods(["GET", "POST"])
def make_comment(request: HttpRequest, number: str) -> HttpResponse:
    """Write a comment on a part of a document; the address says on which, and on which paragraph."""
    actor = actor_of(request)
    record = load_document(actor, number)
    check_under_review(record)
    place, paragraph = request.GET.get("place", WHOLE), request.GET.get("paragraph", "")
    form = CommentForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        text = form.cleaned_data["text"]
        rule = lambda: write_comment(record, actor=actor, place=place, paragraph=paragraph, text=text)  # noqa: E731
        if (made := pages.try_rule(form, rule)) is not None:
            messages.success(request, gettext("Your comment stands beside the text."))
            return redirect(shown.address_of(load_thread(actor, made.pk)))
    part, quote = (None, "") if form.errors else find_place(record, place, paragraph)
    context = {"form": form, "record": record, "part": part, "quote": quote, "back": shown.page_of(record)}
    return render(request, "validating/comment_new.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def show_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a comment with its answers, and what this person may do about it."""
    actor = actor_of(request)
    thread = load_thread(actor, pk)
    form = CommentEntryForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        rule = choose_rule(thread, actor, request.POST.get("action", ""), form.cleaned_data["text"])
        if pages.try_rule(form, rule) is not None:
            messages.success(request, gettext("It is kept beside the comment."))
            return redirect(shown.address_of(thread))
    context = shown.thread_context(thread, actor) | {"form": form}
    return render(request, "validating/comment_detail.html", context, status=422 if form.errors else 200)


def choose_rule(thread: Thread, actor: Actor, action: str, text: str) -> Callable[[], CommentEntry]:
    """Return the rule behind the button that was pressed; without one, what was typed is an answer."""
    if action == SETTLE:
        return lambda: settle_comment(thread.comment, actor=actor, text=text)
    if action == TAKE_BACK:
        return lambda: take_comment_back(thread.comment, actor=actor, reason=text)
    return lambda: answer_comment(thread.comment, actor=actor, text=text)
