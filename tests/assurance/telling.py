"""What every event of the trail must tell, whoever caused it: who, what, when, where, and no secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from records.acts import find_act
from records.models import Event
from records.shipping.events import SealedEvent, encode_event, shape_for_azure, shape_like_cloudtrail
from records.shipping.sinks import format_syslog
from tests.people import Person


def check_told(event: Event, *, since: Event, secrets: Iterable[str]) -> None:
    """Assert that an event tells who, what, when and where on one line of every log format, and no secret."""
    act = find_act(event.act)
    assert act is not None, event.act
    assert event.actor_username, event.act
    assert event.at >= since.at, event.act
    is_software = event.actor_id is None and event.actor_username.startswith("system:")
    assert is_software or event.address == "127.0.0.1", event.act
    assert event.build, event.act
    assert event.reason or not act.needs_reason, event.act
    row = json.dumps([event.reason, event.details, event.session])
    assert not [secret for secret in secrets if secret in row], event.act
    sealed = seal(event)
    shapes = [encode_event(sealed, shape, max_bytes=60_000) for shape in (shape_like_cloudtrail, shape_for_azure)]
    assert not [line for line in (*shapes, format_syslog(sealed)) if re.search(rb"[\r\n]", line)], event.act
    assert json.loads(shapes[1])["Reason"] == event.reason  # the line breaks are kept, escaped


@contextmanager
def told(acts: set[str], *people: Person) -> Iterator[None]:
    """Assert that each act leaves an event in the block that tells all but the people's passwords and codes."""
    last = Event.objects.latest("id")
    yield
    secrets = [person.password for person in people] + [person.used_code() for person in people]
    for act in acts:
        found = list(Event.objects.filter(act=act, pk__gt=last.pk))
        assert found, f"{act} left no event"
        for event in found:
            check_told(event, since=last, secrets=secrets)


def seal(event: Event) -> SealedEvent:
    """Return an event as the shipping reads it, with a place in the ledger."""
    return SealedEvent(
        index=event.pk,
        id=event.pk,
        at=event.at,
        act=event.act,
        category="security",
        username=event.actor_username,
        printed_name=event.actor_name,
        role=event.actor_role,
        is_person=event.actor_id is not None,
        record="",
        reason=event.reason,
        details=event.details,
        address=event.address,
        station=event.station,
        request_id=event.request_id,
        build=event.build,
        origin="qms.example.com/countersign",
    )
