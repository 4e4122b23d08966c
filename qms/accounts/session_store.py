"""Sessions in the database, known by the hash of their key and by whose they are.

Losing the broker logs nobody out; deleting a person's rows logs them out everywhere at
once. Serves: 21 CFR 11.10(d), 11.300(c).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from qms.accounts.models import PersonSession
from records.clock import now


class SessionStore(DatabaseStore):
    """Django's database sessions, stored under the SHA-256 of their key."""

    @classmethod
    def get_model_class(cls) -> type[PersonSession]:
        """Return the table of sessions."""
        return PersonSession

    def _get_session_from_db(self) -> PersonSession | None:
        key = hash_key(self.session_key or "")
        found = PersonSession.objects.filter(session_key=key, expire_date__gt=now()).first()
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        """Tell whether a session of this key is stored."""
        return super().exists(hash_key(session_key))

    def delete(self, session_key: str | None = None) -> None:
        """Delete the session of this key, or the current one."""
        key = session_key or self.session_key
        if key is not None:
            super().delete(hash_key(key))

    def create_model_instance(self, data: dict[str, Any]) -> PersonSession:
        """Return the row of the current data."""
        row: PersonSession = super().create_model_instance(data)  # type: ignore[assignment]
        row.session_key = hash_key(row.session_key)
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        started_at = data.get("started_at")
        row.started_at = dt.datetime.fromisoformat(started_at) if started_at else None
        row.address = str(data.get("address", ""))[:64]
        row.browser = str(data.get("browser", ""))[:200]
        return row


def hash_key(session_key: str) -> str:
    """Return under which name a session of this key is stored."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:40]
