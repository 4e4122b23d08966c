"""The installation's log service, made from the settings."""

from __future__ import annotations

import ssl
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from records.shipping.events import shape_for_azure, shape_like_cloudtrail
from records.shipping.sinks import HttpSink, Sink, SyslogSink


def open_sink() -> Sink | None:
    """Return the sink of this installation, or None where shipping is off."""
    wanted = settings.SHIPPING
    if wanted.kind == "off":
        return None
    parts = urlsplit(wanted.url)
    is_encrypted = parts.scheme in ("tls", "https")
    tls = ssl.create_default_context(cafile=wanted.authority or None) if is_encrypted else None
    name = f"{wanted.kind} {parts.hostname}:{parts.port or parts.scheme}{parts.path}"[:100]
    if wanted.kind == "syslog":
        return SyslogSink(name, parts.hostname or "", parts.port or 6514, tls)
    is_azure = wanted.kind == "azure"
    shape = shape_for_azure if is_azure else shape_like_cloudtrail
    return HttpSink(name, wanted.url, shape, is_azure, lambda: read_token(wanted.token, wanted.token_file), tls)


def read_token(token: str, token_file: Path | None) -> str:
    """Return the bearer token; a file is read each time, since such tokens live for an hour and are renewed outside."""
    return token_file.read_text(encoding="utf-8").strip() if token_file else token
