"""Signing several records with one meaning, one after the other, from a list fixed at the start.

Owns the list and what still counts as one continuous series. Never signs many records at
one click: each keeps its own page, ceremony, statement and signature. Whether later ones
may be signed with the password alone is the site's setting ``SIGNING_SERIES``; the default
asks for both components each time. Serves: 21 CFR 11.200(a)(1)(i)(ii).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from records.acting import acting
from records.clock import now
from records.errors import Refusal
from records.evidence import Actor
from signatures.authentication import ONE_TIME_CODES, Attempt, Factor
from signatures.ceremonies import CEREMONY_MINUTES, check_signer, close_ceremony, open_locked, recorded_refusal
from signatures.errors import CeremonyOfAnotherPerson, SeriesEmpty, SeriesMixed, SeriesTooLong
from signatures.manifestation import word_of_meaning
from signatures.models import Ceremony, Series
from signatures.worklist import WorkItem

MOST_RECORDS = 50
IDLE = dt.timedelta(minutes=2)
"""Between one signature of a series and the next; beyond it the series is not continuous."""

ON_THE_LIST = (Ceremony.State.OPEN, Ceremony.State.COMPLETED, Ceremony.State.DECLINED)

FULL, CONTINUED = ("password", "totp"), ("password", "series")


def open_series(items: Sequence[WorkItem], *, actor: Actor) -> Series:
    """Open one ceremony for each record of the list, all or none.

    Writes: signatures_series, signatures_ceremony, records_version and their events.
    Raises: `SeriesEmpty`, `SeriesTooLong`, `SeriesMixed` and every refusal of `open_ceremony`.
    Serves: 21 CFR 11.200(a)(1)(i).
    """
    check_signer(actor)
    meanings = {item.seat.meaning for item in items}
    if not items:
        raise SeriesEmpty
    if len(items) > MOST_RECORDS:
        raise SeriesTooLong(most=MOST_RECORDS)
    if len(meanings) > 1:
        raise SeriesMixed(meanings=", ".join(sorted(word_of_meaning(one) for one in meanings)))
    ordered = sorted(items, key=lambda item: item.record.pk)
    reached = ordered[0]
    try:
        with transaction.atomic(durable=True):
            series = _insert_series(ordered, meaning=meanings.pop(), actor=actor)
            for position, reached in enumerate(ordered, start=1):
                open_locked(reached.record, reached.action, actor=actor, place=(series, position))
    except Refusal:
        # After the rollback, so that the event stays.
        label = reached.transition.label
        with recorded_refusal(actor, "signatures.ceremony.refused", reached.record, action=label):
            raise
    return series


def _insert_series(items: Sequence[WorkItem], *, meaning: str, actor: Actor) -> Series:
    series = Series(
        signer_id=actor.user_id or 0,
        meaning=meaning,
        session=actor.session,
        address=actor.address,
        expires_at=now() + dt.timedelta(minutes=CEREMONY_MINUTES),
    )
    details = {"series": str(series.pk), "meaning": word_of_meaning(meaning), "count": len(items)}
    details["records"] = [item.record.number for item in items]
    with acting(actor, "signatures.series.opened", details=details):
        series.save(force_insert=True)
    return series


def components_for(ceremony: Ceremony, *, actor: Actor) -> tuple[str, ...]:
    """Return which components this signing takes: both, or the password within a continuous series.

    A series is continuous while session and address are those of its start, no record left
    its list, its first signature was made with both components, and the last one was made
    less than two minutes ago. Serves: 21 CFR 11.200(a)(1)(i)(ii).
    """
    series = ceremony.series
    if settings.SIGNING_SERIES != "password" or series is None:
        return FULL
    rows = list(Ceremony.objects.filter(series=series).only("state", "closed_at"))
    is_whole = all(row.state in ON_THE_LIST for row in rows)
    last = max((row.closed_at for row in rows if row.closed_at), default=None)
    is_here = (series.session, series.address) == (actor.session, actor.address)
    if last is None or not is_whole or not is_here or now() >= series.expires_at or now() - last > IDLE:
        return FULL
    return CONTINUED


def factor_for(ceremony: Ceremony, *, actor: Actor) -> tuple[tuple[str, ...], Factor]:
    """Return the components of this signing and how the second one is used up."""
    components = components_for(ceremony, actor=actor)
    if components == FULL:
        return components, ONE_TIME_CODES

    def use_series(attempt: Attempt, code: str) -> str | None:
        is_continuous = components_for(ceremony, actor=attempt.actor) == CONTINUED
        return f"series:{ceremony.series_id}" if is_continuous else None

    return components, Factor("continuous series", use_series)


def load_series(series_id: uuid.UUID, *, actor: Actor) -> Series:
    """Return the actor's own series. Raises: `CeremonyOfAnotherPerson`."""
    found = Series.objects.filter(pk=series_id, signer_id=actor.user_id).first()
    if found is None:
        raise CeremonyOfAnotherPerson
    return found


def ceremonies_of(series: Series) -> list[Ceremony]:
    """Return the ceremonies of a series in its order."""
    rows = Ceremony.objects.filter(series=series).select_related("record", "version", "signature")
    return list(rows.order_by("position"))


def next_of(series: Series) -> Ceremony | None:
    """Return the first ceremony of a series that is still open, or None."""
    return next((row for row in ceremonies_of(series) if row.state == Ceremony.State.OPEN), None)


def leave_series(series: Series, *, actor: Actor) -> int:
    """Close every ceremony of the series that is still open; return how many.

    Writes: signatures_ceremony and one event each.
    """
    left = [row for row in ceremonies_of(series) if row.state == Ceremony.State.OPEN]
    for ceremony in left:
        close_ceremony(ceremony, Ceremony.State.CANCELLED, actor=actor)
    return len(left)
