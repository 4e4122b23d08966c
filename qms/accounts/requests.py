"""What a view may rely on once the middleware has let a request through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from qms.accounts.models import User
    from records.evidence import Actor


class VisitorRequest(HttpRequest):
    """A request of anybody. For type checking only."""

    actor: Actor
    request_id: str


class PersonRequest(HttpRequest):
    """A request of a person who is signed in. For type checking only."""

    user: User
    actor: Actor
    request_id: str
