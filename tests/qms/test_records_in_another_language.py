"""Whatever language a page is read in, what is written is the same, byte for byte."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import pytest
from django.db import connection
from django.urls import reverse

from records.models import Event
from signatures.models import Signature
from signatures.renditions import write_html
from tests.people import Person
from tests.pseudo_language import FIRST, pseudo_language
from tests.qms.scene import undone
from tests.signatures.browsers import browser_of
from tests.signatures.papers import submitted_paper

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(b)", "11.70")]
MOMENTS = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}")


@dataclass(frozen=True)
class Written:
    """What one story left behind, without its clock times and random ids."""

    content: bytes
    statement: str
    document: str
    events: list[tuple[str, ...]]


def tell_story(author: Person, reviewer: Person) -> Written:
    """Refuse a wrong password, sign, and return what was written."""
    before = Event.objects.order_by("-pk")[0].pk
    paper, desk = submitted_paper(author), browser_of(reviewer)
    url = desk.post(reverse("signing:open", args=[paper.number, "approve"])).headers["Location"]
    typed = {"decision": "sign", "username": reviewer.username, "reason": ""}
    refused = desk.post(url, typed | {"password": "not this one", "code": "000000"})
    assert refused.status_code in (401, 403, 422), refused.status_code
    signed = desk.post(url, typed | {"password": reviewer.password, "code": reviewer.code()})
    assert signed.status_code == 302
    signature = Signature.objects.get(record=paper)
    rows = Event.objects.filter(pk__gt=before).order_by("pk")
    return Written(
        content=bytes(signature.version.content),
        statement=MOMENTS.sub("…", bytes(signature.statement).decode()),
        document=MOMENTS.sub("…", write_html(signature.version, [signature], [])),
        events=[
            (row.act, row.actor_name, row.actor_role, row.reason, MOMENTS.sub("…", str(row.details))) for row in rows
        ],
    )


def told_in(language: AbstractContextManager[None], author: Person, reviewer: Person) -> tuple[Written, list[str]]:
    """Tell the story in a language and undo it; return what was written, and the tables that hold translated text."""
    with undone():
        with language:
            written = tell_story(author, reviewer)
        found = tables_with_translations()

    return written, found


def tables_with_translations() -> list[str]:
    """Return the tables in which any column holds the mark of the pseudo-language."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        names = [name for (name,) in cursor.fetchall()]
        found = []
        for name in names:
            cursor.execute(f'SELECT count(*) FROM "{name}" AS line WHERE line::text LIKE %s', [f"%{FIRST}%"])
            if cursor.fetchone()[0]:
                found.append(name)
    return found


def test_events_versions_statements_and_documents_do_not_know_the_language(author: Person, reviewer: Person):
    in_english, _ = told_in(nullcontext(), author, reviewer)
    in_pseudo, found = told_in(pseudo_language(), author, reviewer)
    assert in_pseudo == in_english
    assert len(in_english.events) > 4
    assert found == []


def test_a_translated_text_in_a_table_would_be_found(author: Person):
    submitted_paper(author, body=f"{FIRST}translated⟧")
    assert "papers_paper" in tables_with_translations()
