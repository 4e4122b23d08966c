"""The person of a request, typed."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest

from qms.accounts.models import User


def user_of(request: HttpRequest) -> User:
    """Return the person who is signed in; pages call it behind `login_required`."""
    return cast("User", request.user)
