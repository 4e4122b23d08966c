"""What a person is at this moment: their roles, and the actor they act as.

Asked anew at every request, so that an ended role or a deactivation counts at once.
Product scope is the batches' own. Serves: 21 CFR 11.10(d)(g).
"""

from __future__ import annotations

import datetime as dt

from qms.accounts.models import RoleGrant, User
from records.evidence import Actor


def roles_of(user: User, at: dt.datetime) -> frozenset[str]:
    """Return the roles a person held at an instant; none for who is deactivated now."""
    if not user.is_active:
        return frozenset()
    return frozenset(RoleGrant.objects.in_force(at).filter(user=user).values_list("role", flat=True))


def actor_of(user: User, *, address: str = "", session: str = "", request_id: str = "") -> Actor:
    """Return the actor a person acts as now, outside a request or right after signing in."""
    roles = user.held_roles()
    return Actor(
        user_id=user.pk,
        username=user.username,
        printed_name=user.printed_name,
        role=next(iter(roles)) if len(roles) == 1 else "",
        address=address,
        session=session,
        request_id=request_id,
        roles=roles,
    )
