"""A process that dies at any point of a signing leaves all of it or nothing."""

import functools
import os
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections

from records.evidence import Actor
from records.models import Event, NumberSeries, OutboxItem, Rendition, Version
from records.outbox import work_off
from records.stores import file_store
from signatures import signing
from signatures.checklist import verify_stored_signature
from signatures.models import Ceremony, Signature
from signatures.renditions import make_rendition
from signatures.signing import Credentials, complete_ceremony
from tests.people import make_crew
from tests.signatures.papers import credentials_of, open_for, reread, sign, submitted_paper
from tests.sizes import IS_FULL_SIZE

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.clause("11.10(a)", "11.70"),
    pytest.mark.assurance("E5"),
]

CRASHED, DONE = 41, 0
STRIDE = 1 if IS_FULL_SIZE else 9


def run_and_die(work: Callable[[], object], *, at: int) -> int:
    """Run work in a forked process that dies at its n-th step; return how it ended.

    A step is a statement or a commit: the process dies before it, or (every other number)
    right after it.
    """
    connections.close_all()  # a child must not share its parent's socket
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)
    try:
        steps = 0

        def step() -> None:
            nonlocal steps
            steps += 1
            if steps == at:
                os._exit(CRASHED)

        def watch(execute, sql, params, many, context):
            step()
            result = execute(sql, params, many, context)
            step()
            return result

        real: Any = connection
        commit = real._commit

        def watched_commit():
            step()
            commit()
            step()

        real._commit = watched_commit
        with connection.execute_wrapper(watch):
            work()
        os._exit(DONE)
    finally:
        os._exit(99)


def pdfs_kept() -> set[str]:
    """Return the names of all PDF files in the store."""
    return {path.name for path in file_store().root.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"%PDF"}


def check_all_or_nothing(ceremony: Ceremony) -> bool:
    """Tell whether the signing happened, having checked that it is whole either way."""
    ceremony.refresh_from_db()
    signature = Signature.objects.filter(ceremony=ceremony).first()
    record = reread(ceremony.record)
    acts = set(Event.objects.filter(record_id=record.pk).values_list("act", flat=True))
    promises = set(OutboxItem.objects.filter(payload__signature__isnull=False).values_list("kind", flat=True))
    if signature is None:
        assert (ceremony.state, record.state) == ("open", "in_review")
        assert not acts & {"papers.paper.published", "signatures.signature.made"}
        assert not promises
        assert not NumberSeries.objects.filter(prefix="S").exists()
        return False
    assert (ceremony.state, record.state) == ("completed", "published")
    assert acts >= {"papers.paper.published", "signatures.signature.made"}
    assert promises == {"signatures.notice"}
    assert OutboxItem.objects.filter(kind="signatures.rendition").count() == 1
    assert signature.number.endswith("-0001")
    assert verify_stored_signature(signature).reasons == ()
    return True


def test_a_signing_that_dies_at_any_step_is_whole_or_was_never():
    crew = make_crew()
    author, qa_manager = crew.add("author", "operator"), crew.add("qa_manager", "qa_manager")
    ceremony = open_for(qa_manager, submitted_paper(author), "publish")

    def attempt(actor: Actor, credentials: Credentials) -> object:
        return complete_ceremony(ceremony, actor=actor, credentials=credentials, reason="Released to the site.")

    at = 1
    ends: list[int] = []
    while not ends or ends[-1] == CRASHED:
        actor, credentials = qa_manager.actor(), credentials_of(qa_manager)
        ends.append(run_and_die(functools.partial(attempt, actor, credentials), at=at))
        assert ends[-1] in (CRASHED, DONE), f"step {at} ended with {ends[-1]}"
        if check_all_or_nothing(ceremony):
            break
        at += STRIDE
    assert len(ends) > 3
    assert Signature.objects.count() == 1
    print(f"E5: died at {len(ends)} steps up to step {at}, all or nothing each time")  # noqa: T201  the figure


def test_a_worker_that_dies_while_making_the_pdf_makes_the_same_one_later():
    crew = make_crew()
    author, qa_manager = crew.add("author", "operator"), crew.add("qa_manager", "qa_manager")
    signature = sign(qa_manager, submitted_paper(author), "publish", reason="Released to the site.")
    version, before = Version.objects.get(pk=signature.version_id), pdfs_kept()
    at = 1
    ends: list[int] = []
    while not Rendition.objects.exists():
        ends.append(run_and_die(lambda: make_rendition(version, "publish"), at=at))
        assert ends[-1] in (CRASHED, DONE)
        assert Rendition.objects.count() == Event.objects.filter(act="records.rendition.made").count()
        at += STRIDE
    made = Rendition.objects.get()
    assert work_off() > 0
    assert Rendition.objects.get() == made
    assert not OutboxItem.objects.filter(kind="signatures.rendition", done_at=None).exists()
    assert pdfs_kept() - before == {made.file_id}, "each try drew the same bytes"
    print(f"E5: died at {len(ends)} steps of the rendition, one file in the end")  # noqa: T201  the figure


def test_negative_control_a_signature_whose_move_was_lost_is_found_out(monkeypatch):
    """What a signing in two transactions would leave behind if its process died between them."""
    crew = make_crew()
    author, qa_manager = crew.add("author", "operator"), crew.add("qa_manager", "qa_manager")
    ceremony = open_for(qa_manager, submitted_paper(author), "publish")
    monkeypatch.setattr(signing, "_move_record", lambda *place, **facts: None)
    credentials = credentials_of(qa_manager)
    complete_ceremony(ceremony, actor=qa_manager.actor(), credentials=credentials, reason="Released to the site.")
    with pytest.raises(AssertionError):
        check_all_or_nothing(ceremony)
