"""Facts that higher floors hand down, so that the lower ones need not know them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from records.errors import PersonRequired


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as printed at the time of the act, and from where.

    ``user_id`` is None for a system actor. ``roles`` are all roles held at this moment,
    ``role`` is the one used for this act.
    ``session`` is a fingerprint, never the session key itself.
    Serves: 21 CFR 11.10(e), 11.50(a).
    """

    user_id: int | None
    username: str
    printed_name: str
    role: str = ""
    address: str = ""
    session: str = ""
    station: str = ""
    request_id: str = ""
    roles: frozenset[str] = frozenset()

    @property
    def is_system(self) -> bool:
        """Tell whether no person acts here."""
        return self.user_id is None

    @property
    def person_id(self) -> int:
        """Return the id of the person who acts. Raises: `PersonRequired` for the software itself."""
        if self.user_id is None:
            raise PersonRequired
        return self.user_id

    def holds(self, role: str) -> bool:
        """Tell whether the actor holds a role now; ``system`` is the software itself."""
        return role in self.roles or (role == "system" and self.is_system)

    def in_role(self, role: str) -> Actor:
        """Return the same actor, acting in one of their roles."""
        return replace(self, role=role)


@dataclass(frozen=True, slots=True)
class Authorisation:
    """What a completed signing route hands down: the signatures that allow one transition.

    With ``is_decline`` it allows nothing; it tells the return of the record which
    signature declined the action.
    """

    record_id: int
    version_id: int
    action: str
    signatures: tuple[str, ...]
    is_decline: bool = False


def system_actor(part: str, *, request_id: str = "") -> Actor:
    """Return the named system actor, for work that no person started."""
    return Actor(
        user_id=None,
        username=f"system:{part}",
        printed_name=f"Countersign ({part})",
        role="system",
        roles=frozenset({"system"}),
        request_id=request_id,
    )
