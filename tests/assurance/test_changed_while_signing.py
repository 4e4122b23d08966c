"""A record edited while it is signed, in two real transactions, at random places of both."""

import random
import threading
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from django.db import connection, connections

from records.errors import Refusal
from records.models import Event, Version
from signatures import signing
from signatures.checklist import verify_stored_signature
from signatures.errors import RecordChangedSinceShown
from signatures.models import Ceremony, Signature
from tests.papers.models import Paper
from tests.papers.workflow import add_note
from tests.people import make_crew
from tests.signatures.papers import complete, credentials_of, edit, open_for, submitted_paper
from tests.sizes import choose_size

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.clause("11.70"), pytest.mark.assurance("B1")]

ROUNDS = choose_size(small=10, full=500)
SIGNING_STATEMENTS = 60
"""About as many as one signing sends; a place beyond the end means: after it."""


def check_signed(signature: Signature, changed: Event, *, shown: bytes) -> None:
    """See that the signature came before the change and covers what was shown."""
    made = Event.objects.get(act="signatures.signature.made", record_id=signature.record_id)
    assert made.id < changed.id, "the change was there before the signature"
    assert bytes(signature.version.content) == shown
    assert verify_stored_signature(signature).bottom_line


def last_change(paper: Paper) -> Event:
    return Event.objects.filter(record_id=paper.pk, act__in=("records.record.edited", "papers.note.added")).latest("id")


def in_thread(work: Callable[[], object], outcome: list[object]) -> threading.Thread:
    """Run work in a thread with a connection of its own; keep its result or refusal."""

    def run() -> None:
        try:
            outcome.append(work())
        except Refusal as refusal:
            outcome.append(refusal)
        finally:
            connections.close_all()

    return threading.Thread(target=run)


def test_no_signature_ever_covers_anything_but_what_was_shown(randomly_seeded):
    chance = random.Random(randomly_seeded)
    crew = make_crew()
    author, reviewer = crew.add("author", "operator"), crew.add("reviewer", "reviewer")
    signed = refused = 0
    for number in range(ROUNDS):
        paper = submitted_paper(author, title=f"Round {number}")
        ceremony = open_for(reviewer, paper)
        shown = bytes(Version.objects.get(pk=ceremony.version_id).content)
        credentials = credentials_of(reviewer)
        place, by_child = chance.randrange(SIGNING_STATEMENTS), chance.random() < 0.5
        reached = threading.Event()

        def sign(ceremony=ceremony, credentials=credentials, place=place, reached=reached):
            sent = 0

            def watch(execute, sql, params, many, context):
                nonlocal sent
                sent += 1
                if sent == place:
                    reached.set()
                return execute(sql, params, many, context)

            try:
                with ExitStack() as watching:
                    watching.enter_context(connection.execute_wrapper(watch))
                    return complete(ceremony, reviewer, password=credentials.password, code=credentials.code)
            finally:
                reached.set()

        def change(paper=paper, by_child=by_child, reached=reached):
            reached.wait(30)
            if by_child:
                return add_note(paper, actor=author.actor("operator"), text="squeezed in")
            return edit(paper, author, body="Squeezed in.")

        first: list[object] = []
        second: list[object] = []
        threads = [in_thread(sign, first), in_thread(change, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        if isinstance(first[0], Signature):
            signed += 1
            check_signed(first[0], last_change(paper), shown=shown)
        else:
            refused += 1
            assert isinstance(first[0], RecordChangedSinceShown), first
            assert Ceremony.objects.get(pk=ceremony.pk).state == "void"
            assert not Signature.objects.filter(record_id=paper.pk).exists()
    print(f"B1: {ROUNDS} interleavings, {signed} signed, {refused} refused, 0 over another digest")  # noqa: T201  the figure
    assert signed, "the places were not spread over both outcomes"
    assert refused, "the places were not spread over both outcomes"


def test_negative_control_a_signing_that_does_not_look_again_is_found_out(monkeypatch):
    crew = make_crew()
    author, reviewer = crew.add("author", "operator"), crew.add("reviewer", "reviewer")
    paper = submitted_paper(author)
    ceremony = open_for(reviewer, paper)
    shown = bytes(Version.objects.get(pk=ceremony.version_id).content)
    edit(paper, author, body="Squeezed in.")
    monkeypatch.setattr(signing, "is_current", lambda version, record: True)
    signature = complete(ceremony, reviewer)
    with pytest.raises(AssertionError, match="the change was there before"):
        check_signed(signature, last_change(paper), shown=shown)
