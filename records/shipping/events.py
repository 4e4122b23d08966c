"""One sealed event as it leaves the house, in the shapes that log services read.

Every shape is a JSON object in ASCII: line breaks and other control characters of any field are
escaped, so no text a person typed can begin a second record. Session keys are not in it.

Pure of Django.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

REASON_CHARACTERS: Final = 200  # of a reason too long for the receiver; the ledger has it whole

Shape = Callable[["SealedEvent"], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SealedEvent:
    """An event of the audit trail and its place in the ledger."""

    index: int
    id: int
    at: datetime
    act: str
    category: str
    username: str
    printed_name: str
    role: str
    is_person: bool
    record: str
    reason: str
    details: Mapping[str, Any]
    address: str
    station: str
    request_id: str
    build: str
    origin: str

    @property
    def instant(self) -> str:
        """Return the database's time of the event, RFC 3339 in UTC."""
        return self.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def shape_like_cloudtrail(event: SealedEvent) -> dict[str, Any]:
    """Return the event with the field names of AWS CloudTrail's record contents, which most services map already."""
    return {
        "eventVersion": "1.0",
        "eventID": f"{event.origin}/{event.id}",
        "eventTime": event.instant,
        "eventSource": event.origin,
        "eventName": event.act,
        "eventCategory": event.category,
        "readOnly": event.category == "access",
        "userIdentity": {
            "type": "Person" if event.is_person else "System",
            "userName": event.username,
            "printedName": event.printed_name,
            "role": event.role,
        },
        "sourceIPAddress": event.address,
        "requestID": event.request_id,
        "requestParameters": {"record": event.record, "reason": event.reason, "details": dict(event.details)},
        "additionalEventData": {"leafIndex": event.index, "station": event.station, "build": event.build},
    }


def shape_for_azure(event: SealedEvent) -> dict[str, Any]:
    """Return the event as one row for the Logs Ingestion API of Azure Monitor: flat, ``TimeGenerated`` first."""
    return {
        "TimeGenerated": event.instant,
        "LeafIndex": event.index,
        "EventId": event.id,
        "Origin": event.origin,
        "Act": event.act,
        "Category": event.category,
        "UserName": event.username,
        "PrintedName": event.printed_name,
        "Role": event.role,
        "Record": event.record,
        "Reason": event.reason,
        "Details": dict(event.details),
        "Address": event.address,
        "Station": event.station,
        "RequestId": event.request_id,
        "Build": event.build,
    }


def encode_event(event: SealedEvent, shape: Shape, *, max_bytes: int) -> bytes:
    """Return the shaped event as one line of JSON of at most so many bytes.

    One that is too large keeps who, what, when and where; its details give way to their size and
    SHA-256, and its reason to its beginning. The ledger has both whole. Units: bytes.
    """
    line = _dump(shape(event))
    if len(line) <= max_bytes:
        return line
    details = _dump(dict(event.details))
    omitted = {"omitted_bytes": len(details), "omitted_sha256": hashlib.sha256(details).hexdigest()}
    line = _dump(shape(dataclasses.replace(event, details=omitted)))
    if len(line) <= max_bytes:
        return line
    return _dump(shape(dataclasses.replace(event, details=omitted, reason=event.reason[:REASON_CHARACTERS] + "…")))


def _dump(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"), default=str).encode("ascii")
