"""Template tags: right for people, and no input becomes markup."""

from __future__ import annotations

import datetime as dt
from html.parser import HTMLParser

import pytest
from django.template import Context, Template
from django.utils import timezone
from django.utils.safestring import mark_safe
from hypothesis import given
from hypothesis import strategies as st

from qms.web import status
from records.workflow import State

AT = dt.datetime(2026, 11, 22, 19, 3, 7, tzinfo=dt.UTC)
ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</ins></del><svg onload=alert(1)>",
    "{{ settings.SECRET_KEY }}",
    "javascript:alert(1)",
]
ALLOWED = {"span", "svg", "use", "mark", "ins", "del", "abbr", "time"}


class Reader(HTMLParser):
    """Collects the tags and event attributes of a piece of markup."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name in {"src", "style"}]


def render(source: str, **context: object) -> str:
    return Template("{% load countersign %}" + source).render(Context(context))


def read(markup: str) -> Reader:
    reader = Reader()
    reader.feed(markup)
    reader.close()
    return reader


EVERY_TAG = (
    "{% status x %}{% status 'draft' x %}{% digest x %}{% highlight x y %}{% old_text x y %}{% new_text x y %}"
    "{% icon 'check' x %}{% term x %}{% moment x missing=x %}{% local_time x zone=y missing=y %}"
    "{% moment at zone=x %}"
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_input_becomes_markup(attack: str) -> None:
    found = read(render(EVERY_TAG, x=attack, y=attack[1:], at=AT))
    assert set(found.tags) <= ALLOWED
    assert found.handlers == []


@given(x=st.text(st.sampled_from("<>&\"'/=onscript a\n{}%"), max_size=40), y=st.text(max_size=12))
def test_no_text_whatever_becomes_markup(x: str, y: str) -> None:
    found = read(render(EVERY_TAG, x=x, y=y, at=AT))
    assert set(found.tags) <= ALLOWED
    assert found.handlers == []


def test_the_eight_tokens_differ_in_sign_and_word_and_class() -> None:
    assert len({token.symbol for token in status.TOKENS}) == len({token.word for token in status.TOKENS}) == 8
    assert len({token.name for token in status.TOKENS}) == 8


def test_a_status_has_sign_and_word() -> None:
    markup = render("{% status 'awaiting_signature' %}")
    assert 'class="status status-awaiting"' in markup
    assert "#signature" in markup
    assert "Awaiting signature" in markup


def test_a_workflow_state_shows_its_own_word_under_its_token() -> None:
    state = State("inspected", "Inspected, review open", "in_review")
    markup = render("{% status state %}", state=state)
    assert "status-in-review" in markup
    assert "Inspected, review open" in markup


def test_an_unknown_state_takes_no_colour_that_means_something() -> None:
    assert "status-neutral" in render("{% status 'odd_state' %}")


@pytest.mark.clause("11.50(a)")
def test_a_moment_is_machine_readable_and_in_the_zone_asked_for() -> None:
    markup = render("{% moment at zone='America/New_York' %}", at=AT)
    assert '<time datetime="2026-11-22T19:03:07Z">' in markup
    assert "2026-11-22 14:03:07 UTC−05:00" in markup
    assert "(19:03:07 UTC)" in markup


def test_a_moment_uses_the_readers_zone_by_default() -> None:
    with timezone.override("Asia/Kolkata"):
        assert "2026-11-23 00:33:07 UTC+05:30" in render("{% moment at %}", at=AT)
        assert render("{{ at|as_moment }}", at=AT) == "2026-11-23 00:33:07 UTC+05:30 (2026-11-22 19:03:07 UTC)"


def test_no_moment_is_said_in_words() -> None:
    assert "not yet" in render("{% moment none %}")
    assert "never" in render("{% moment none missing='never' %}")


def test_a_digest_is_read_out_whole_and_shown_short() -> None:
    digest = bytes(range(32))
    markup = render("{% digest digest %}", digest=memoryview(digest))
    assert f'data-copy="{digest.hex()}"' in markup
    assert ">0001 0203 0405<" in markup


def test_comparison_is_told_by_marks_and_by_spoken_labels() -> None:
    assert '<del><span class="visually-hidden">removed: </span>hold</del>' in render("{% old_text 'hold' 'free' %}")
    assert '<ins><span class="visually-hidden">added: </span>free</ins>' in render("{% new_text 'hold' 'free' %}")


def test_found_words_are_marked() -> None:
    assert render("{% highlight 'Maria & Chen' 'maria' %}") == "<mark>Maria</mark> &amp; Chen"


def test_a_long_text_among_facts_gets_a_row_of_its_own_and_markup_does_not() -> None:
    facts = [("What it does", "word " * 30), ("Class", "5"), ("Hash", mark_safe("<b>word</b>" * 30))]
    markup = Template('{% include "parts/_facts.html" %}').render(Context({"facts": facts}))
    assert markup.count('class="is-prose"') == 1
    assert '<div class="is-prose"><dt>What it does</dt>' in markup
