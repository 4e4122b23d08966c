"""The one place where texts that Python holds are put into the reader's language: where they are shown.

Rules, workflows and refusals speak English and know no language, so that events, statements, versions and
exports are the same for every reader. Never called on the way into a record.
"""

from __future__ import annotations

from django.utils.translation import gettext

from records.errors import Refusal
from records.timeline import TimelineEntry, make_sentence


def translate(text: object) -> object:
    """Return a text in the reader's language; anything that is no text, as it is."""
    return gettext(text) if isinstance(text, str) else text


def tell_refusal(refusal: Refusal) -> str:
    """Return a refusal's sentence in the reader's language, its facts put in as they are."""
    if refusal.text == refusal.message.format_map(_Facts(refusal.facts)):
        return gettext(refusal.message).format_map(_Facts(refusal.facts))
    return gettext(refusal.text)


def tell_event(entry: TimelineEntry) -> str:
    """Return what an entry of a timeline says in the reader's language, its details put in as they are."""
    if entry.sentence != make_sentence(entry.event):
        return gettext(entry.sentence)
    return make_sentence(entry.event, say=gettext)


class _Facts(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"
