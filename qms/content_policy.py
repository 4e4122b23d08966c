"""What a page may load: nothing but our own files, no inline script or style. Pure data for django-csp."""

from __future__ import annotations

from typing import Any

from csp.constants import NONE, SELF


def describe_content_policy() -> dict[str, Any]:
    """Return the Content-Security-Policy of every page."""
    return {
        "DIRECTIVES": {
            "default-src": [NONE],
            "script-src": [SELF],
            "style-src": [SELF],
            "img-src": [SELF],
            "font-src": [SELF],
            "connect-src": [SELF],
            "form-action": [SELF],
            "frame-ancestors": [NONE],
            "base-uri": [NONE],
        },
    }
