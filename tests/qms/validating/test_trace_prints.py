"""The trace matrix as a PDF: asked for on its page, drawn by a worker, waited for in sight, taken by who may read."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from subprocess import run

import pypdf
import pytest
from django.urls import reverse

from records.errors_content import RenditionFailed
from records.models import Event, OutboxItem
from records.outbox import work_off
from tests.qms.validating.test_pages import get, post, text
from tests.validation.desk import Desk, make_system
from tests.validation.documents import pass_run
from validation import trace_paper
from validation.models import TracePrint
from validation.trace_paper import keep_promise, make_print
from validation.trace_prints import request_print

pytestmark = [pytest.mark.django_db, pytest.mark.clause("Annex 11 4.4", "11.10(b)")]


def ask(desk: Desk) -> TracePrint:
    """Ask for the matrix as the reviewer does, by the button."""
    answer = post(desk.reviewer, "trace-print-new", desk.system.number)
    made = TracePrint.objects.latest("id")
    assert (answer.status_code, answer["Location"]) == (302, page_of(made))
    return made


def page_of(found: TracePrint) -> str:
    return reverse("validating:trace-print", args=[found.system.number, found.pk])


def draw_all() -> None:
    """Do what the worker does."""
    while work_off():
        pass


def test_the_matrix_is_drawn_by_a_worker_with_its_table_inside(desk: Desk):
    pass_run(desk)
    asked = ask(desk)
    assert asked.state == "queued"
    draw_all()
    answer = get(desk.reviewer, "trace-pdf", desk.system.number, asked.pk)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer["Content-Disposition"] == f'attachment; filename="{desk.system.number}-trace.pdf"'
    pdf = pypdf.PdfReader(io.BytesIO(b"".join(answer.streaming_content)))
    words = " ".join("".join(page.extract_text() for page in pdf.pages).split())
    assert "URS-003 The page shows the lot number." in words
    assert "no risk rated" not in words
    (table,) = pdf.attachments[f"{desk.system.number}-trace.csv"]
    assert table == get(desk.reviewer, "trace-csv", desk.system.number).content


def test_the_page_waits_in_sight_asks_again_by_itself_and_has_a_link_for_who_has_no_scripts(desk: Desk):
    asked = ask(desk)
    page = text(get(desk.reviewer, "trace-print", desk.system.number, asked.pk))
    assert "Being drawn" in page
    assert "data-poll" in page
    assert f'<a href="{page_of(asked)}">Look again</a>' in page
    draw_all()
    client = replace(desk.reviewer, _client=None).client()
    shown = client.get(page_of(asked), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in shown
    assert "data-poll" not in shown
    assert "Download PDF" in shown
    assert "asked for by Rita" in text(get(desk.qa, "trace", desk.system.number))


def test_before_it_is_drawn_the_file_s_address_leads_back_to_the_page_that_waits(desk: Desk):
    asked = ask(desk)
    answer = get(desk.reviewer, "trace-pdf", desk.system.number, asked.pk)
    assert (answer.status_code, answer["Location"]) == (302, page_of(asked))


def test_asking_again_while_one_is_being_drawn_asks_for_no_second_and_another_person_gets_their_own(desk: Desk):
    first, again = ask(desk), ask(desk)
    assert again == first
    other = request_print(desk.system, actor=desk.qa.actor())
    assert other != first
    assert OutboxItem.objects.filter(kind="validation.trace_print").count() == 2
    draw_all()
    assert ask(desk) != first


def test_a_pdf_of_one_system_is_not_found_under_another_and_unknown_ones_are_not_found(desk: Desk):
    asked = ask(desk)
    draw_all()
    other = make_system(desk.engineer, owner=desk.qa, title="Another system")
    for route in ("trace-print", "trace-pdf"):
        assert get(desk.reviewer, route, other.number, asked.pk).status_code == 404
        assert get(desk.reviewer, route, desk.system.number, asked.pk + 100).status_code == 404


def test_reading_the_address_that_asks_asks_for_nothing(desk: Desk):
    assert get(desk.reviewer, "trace-print-new", desk.system.number).status_code == 405
    assert not TracePrint.objects.exists()


def test_drawing_twice_draws_once(desk: Desk):
    asked = ask(desk)
    first, second = make_print(asked.pk), make_print(asked.pk)
    assert first.file_id == second.file_id
    assert Event.objects.filter(act="validation.trace.drawn").count() == 1


def test_a_matrix_that_cannot_be_drawn_says_why_and_may_be_asked_for_again(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    def break_off(*_: object, **__: object) -> bytes:
        raise RenditionFailed(problem="the renderer stopped with MemoryError")

    asked = ask(desk)
    with monkeypatch.context() as patch:
        patch.setattr(trace_paper, "render_pdf", break_off)
        draw_all()
    asked.refresh_from_db()
    assert (asked.state, asked.file) == ("failed", None)
    assert "stopped with MemoryError" in text(get(desk.reviewer, "trace-print", desk.system.number, asked.pk))
    assert get(desk.reviewer, "trace-pdf", desk.system.number, asked.pk).status_code == 302
    keep_promise({"print": asked.pk})  # delivered once more: what failed stays failed
    asked.refresh_from_db()
    assert asked.state == "failed"
    again = ask(desk)
    draw_all()
    again.refresh_from_db()
    assert again.state == "ready"


@pytest.mark.clause("11.10(e)")
def test_asking_and_drawing_are_events_of_the_system(desk: Desk):
    ask(desk)
    draw_all()
    events = Event.objects.filter(act__startswith="validation.trace.", record=desk.system).order_by("id")
    assert [(event.act, event.actor_username) for event in events] == [
        ("validation.trace.requested", desk.reviewer.user.username),
        ("validation.trace.drawn", "system:renditions"),
    ]
    assert events[1].details["sha256"] == TracePrint.objects.get().file_id


def test_the_pages_of_the_matrix_do_not_load_the_renderer():
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n"
        "import django; django.setup()\n"
        "import qms.validating.views.traces\n"
        "print('weasyprint' in sys.modules)\n"
    )
    done = run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "False"
