"""The settings of the optional log service that sealed events are shipped to."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from qms import env

SCHEMES = {"syslog": ("tls", "tcp"), "http": ("https", "http"), "azure": ("https", "http")}
UNENCRYPTED = ("tcp", "http")


@dataclass(frozen=True, slots=True)
class ShippingSettings:
    """Which kind of service, where, and the token for it; a token never shows in a message."""

    kind: str = "off"
    url: str = ""
    authority: str = ""
    token: str = field(default="", repr=False)
    token_file: Path | None = None


def read_shipping() -> ShippingSettings:
    """Return the log service's settings.

    Raises: ImproperlyConfigured for an unknown kind, an address that does not fit it, a token in
    the address, and a service on another machine that is spoken to without encryption.
    """
    kind = env.read_choice("SHIPPING", "off", choices=("off", *SCHEMES))
    if kind == "off":
        return ShippingSettings()
    url = env.read_text("SHIPPING_URL", "")
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES[kind] or not parts.hostname or parts.username or parts.password:
        raise ImproperlyConfigured(
            f"SHIPPING={kind} needs SHIPPING_URL={SCHEMES[kind][0]}://host…, without a password."
        )
    if kind == "syslog" and not parts.port:
        raise ImproperlyConfigured("SHIPPING_URL must name the port of the syslog receiver, usually 6514.")
    if parts.scheme in UNENCRYPTED and not env.is_loopback(parts.hostname):
        raise ImproperlyConfigured(f"SHIPPING_URL leaves this machine: write {SCHEMES[kind][0]}://.")
    token, token_file = os.environ.get("SHIPPING_TOKEN", ""), os.environ.get("SHIPPING_TOKEN_FILE", "")
    if token and token_file:
        raise ImproperlyConfigured("Set SHIPPING_TOKEN or SHIPPING_TOKEN_FILE, not both.")
    return ShippingSettings(
        kind,
        url,
        authority=env.read_text("SHIPPING_CA", ""),
        token=token.strip(),
        token_file=Path(token_file) if token_file else None,
    )
