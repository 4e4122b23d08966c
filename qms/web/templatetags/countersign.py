"""Template tags of the shell: icons, status, times, digests, marked words, compared texts.

Owns markup only, made with ``format_html`` or a template so that whatever comes in leaves escaped.
Never reads the database. All are simple tags, so that a sentence can hold what they draw:
``{% moment at as shown %}{% blocktranslate %}Since {{ shown }}{% endblocktranslate %}``.
"""

from __future__ import annotations

import datetime as dt

from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from qms.web import glossary, moments, status, words
from records import differences
from records.differences import Piece
from records.models import ControlledRecord
from records.workflow import State, workflow_of

register = template.Library()

LONGEST_FACT = 90
"""Characters of a fact that stands beside others; a longer one gets a row of its own."""
ABBREVIATIONS = frozenset({"qa", "aql"})
NOT_YET = gettext_lazy("not yet")


@register.simple_tag(name="icon")
def draw_icon(name: str, label: str = "") -> SafeString:
    """Draw a sign from the sprite; without a label it is decoration and hidden from readers."""
    target = f"{static('icons/sprite.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, target)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', target)


@register.simple_tag(name="status")
def show_status(state: object, label: object = "") -> SafeString:
    """Show a state as sign, word and colour.

    ``state`` is a controlled record, a workflow state or a state's name; ``label`` is
    the word where it is not the state's own.
    """
    if isinstance(state, ControlledRecord):
        state = workflow_of(state).by_state[state.state]
    name, word = (state.token, state.label) if isinstance(state, State) else (str(state), status.write_word(str(state)))
    token = status.find_token(name)
    facts = {"token": token.name, "symbol": token.symbol, "word": str(label or "") or gettext(word)}
    return render_to_string("parts/_status.html", facts)


@register.simple_tag(name="moment")
def show_moment(value: dt.datetime | None, zone: object = "", missing: str = "") -> SafeString:
    """Show an instant in the reader's zone, or in the zone given, with its offset and in UTC."""
    return render_to_string("parts/_time.html", _describe_moment(value, zone, missing))


@register.simple_tag(name="local_time")
def show_local_time(value: dt.datetime | None, zone: object = "", missing: str = "") -> SafeString:
    """Show an instant with its offset but without UTC, for narrow columns; UTC is in the title."""
    facts = _describe_moment(value, zone, missing)
    if "iso" in facts:
        facts["title"], facts["utc"] = facts["utc"] or facts["local"], ""
    return render_to_string("parts/_time.html", facts)


@register.filter(name="as_moment")
def write_moment(value: dt.datetime | None, missing: str = "") -> str:
    """Write an instant as plain text, for attributes and sentences."""
    return moments.write_moment(value, timezone.get_current_timezone()) if value else missing or str(NOT_YET)


@register.simple_tag(name="digest")
def show_digest(value: bytes | memoryview | str | None) -> SafeString:
    """Show a digest's first twelve characters; all of it is in the title, to copy and for readers."""
    raw = bytes(value) if isinstance(value, memoryview) else value
    short, full = words.group_digest(raw) if raw else ("", "")
    return render_to_string("parts/_digest.html", {"short": short, "full": full})


@register.simple_tag(name="highlight")
def mark_words(text: object, query: object = "") -> SafeString:
    """Mark the words of a search inside a text."""
    pieces = words.find_words(str(text if text is not None else ""), str(query or "").split())
    return _marked(pieces, "mark", "")


@register.simple_tag(name="old_text")
def show_old_text(old: object, new: object) -> SafeString:
    """Show the older text, marking what was removed."""
    left, _ = differences.compare_words(_text(old), _text(new))
    return _marked(left, "del", gettext("removed: ")) or _nothing()


@register.simple_tag(name="new_text")
def show_new_text(old: object, new: object) -> SafeString:
    """Show the newer text, marking what was added."""
    _, right = differences.compare_words(_text(old), _text(new))
    return _marked(right, "ins", gettext("added: ")) or _nothing()


@register.filter(name="as_words")
def write_words(value: object) -> str:
    """Write a stored name such as ``qa_manager`` as words: "QA manager"."""
    words = str(value or "").replace("_", " ").split()
    return " ".join(word.upper() if word in ABBREVIATIONS else word for word in words)


@register.filter
def is_prose(value: object) -> bool:
    """Tell whether a fact is a text too long for one column among others; markup made by a tag is none."""
    return isinstance(value, str) and not isinstance(value, SafeString) and len(value) > LONGEST_FACT


@register.simple_tag(name="term")
def explain_term(short: str) -> SafeString:
    """Write an abbreviation with its meaning from the glossary, for those who do not know it."""
    meaning = gettext(glossary.TERMS.get(short, ""))
    return format_html('<abbr title="{}">{}</abbr>', meaning, short) if meaning else format_html("{}", short)


def _describe_moment(value: dt.datetime | None, zone: object, missing: str) -> dict[str, str]:
    if not isinstance(value, dt.datetime):
        return {"missing": missing or str(NOT_YET)}
    shown_in = _zone(zone)
    return {
        "iso": moments.write_iso(value),
        "local": moments.write_local(value, shown_in),
        "utc": moments.write_utc(value, shown_in),
    }


def _nothing() -> SafeString:
    return format_html('<span class="nothing">{}</span>', gettext("empty"))


def _marked(pieces: list[Piece], tag: str, spoken: str) -> SafeString:
    return format_html_join(
        "",
        "{}",
        (
            (
                format_html(f"<{tag}>{{}}{{}}</{tag}>", _spoken(spoken), piece.text)
                if piece.is_marked
                else format_html("{}", piece.text),
            )
            for piece in pieces
        ),
    )


def _spoken(text: str) -> SafeString:
    return format_html('<span class="visually-hidden">{}</span>', text) if text else SafeString("")


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _zone(zone: object) -> dt.tzinfo:
    if isinstance(zone, dt.tzinfo):
        return zone
    return moments.find_zone(str(zone)) if zone else timezone.get_current_timezone()
