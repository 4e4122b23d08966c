"""Typed access to what the middleware hangs on a request."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest

from records.evidence import Actor


def actor_of(request: HttpRequest) -> Actor:
    """Return who acts in this request, as `ActorMiddleware` found it."""
    return cast("Actor", request.actor)  # type: ignore[attr-defined]  # set by the middleware
