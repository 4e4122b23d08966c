"""The topics of a periodic review. Each process registers its own; this floor brings those it can see.

Facts are gathered as plain sentences, the same for every reader, since they are signed.
Serves: EU GMP Annex 11 §11.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from records.acts import find_act
from records.models import Event
from records.timeline import make_sentence
from validation.models import System

EVENTS_TOLD = 60
_PLACE = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Period:
    """The time that a review looks at."""

    since: dt.datetime
    until: dt.datetime


Gather = Callable[[System, Period], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its place in the review, what it is called, what is asked, and where its facts come from."""

    position: int
    key: str
    title: str
    question: str
    gather: Gather


_TOPICS: dict[str, Topic] = {}


def register_topic(topic: Topic) -> Topic:
    """Make a topic part of every review from now on; return it."""
    _TOPICS[topic.key] = topic
    return topic


def all_topics() -> list[Topic]:
    """Return the topics in the order of a review."""
    return sorted(_TOPICS.values(), key=lambda row: (row.position, row.key))


def tell_events(acts: Collection[str], period: Period, *, records: Collection[int] | None = None) -> list[str]:
    """Return what was done, one sentence an event with its day and person, the newest first; at most 60."""
    found = Event.objects.filter(act__in=acts, at__gt=period.since, at__lte=period.until)
    if records is not None:
        found = found.filter(record_id__in=records)
    events = list(found.order_by("-id")[: EVENTS_TOLD + 1])
    lines = [f"{event.at:%Y-%m-%d} {event.actor_name} {make_sentence(event)}." for event in events[:EVENTS_TOLD]]
    return lines + (["More stand in the audit trail of this time."] if len(events) > EVENTS_TOLD else [])


def count_events(acts: Collection[str], period: Period) -> list[str]:
    """Return how often each act happened, in its own words, the most frequent first."""
    found = Event.objects.filter(act__in=acts, at__gt=period.since, at__lte=period.until)
    counts = Counter(found.values_list("act", flat=True))
    return [
        f"{number} times: {say_act(act)}." for act, number in sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    ]


def say_act(name: str) -> str:
    """Return an act's sentence without its facts."""
    known = find_act(name)
    return _PLACE.sub("…", known.sentence) if known else name
