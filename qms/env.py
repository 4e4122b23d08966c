"""Typed readers of environment variables that refuse bad values.

Owns the rules of what a setting may look like.  Every reader also honours ``NAME_FILE``, the
path of a file that holds the value (container secrets).  Nothing here guesses: a value that
cannot be read stops the start with a sentence naming the variable.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"0", "false", "no", "off", ""}
MINIMUM_SECRET_LENGTH = 50  # characters; what Django's own deployment check asks for
MINIMUM_SECRET_VARIETY = 12  # different characters
EXAMPLE_WORDS = ("django-insecure", "changeme", "change-me", "change_me", "secret-key", "example")
GUESSABLE_PASSWORDS = {
    "",
    "postgres",
    "password",
    "passwd",
    "secret",
    "countersign",
    "changeme",
    "change-me",
    "admin",
    "root",
    "test",
    "123456",
    "12345678",
}
PROTECTED_SSL_MODES = {"require", "verify-ca", "verify-full"}
BROKER_SCHEMES = {"redis", "rediss", "redis+socket", "unix"}


def read_optional(name: str) -> str | None:
    """Return the variable's text, from ``NAME`` or the file named by ``NAME_FILE``.

    Raises: ImproperlyConfigured when both are set or the file cannot be read.
    """
    value, path = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if value is not None and path:
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    if not path:
        return value
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise ImproperlyConfigured(f"{name}_FILE names {path}, unreadable: {problem}.") from problem


def read_text(name: str, default: str) -> str:
    """Return the variable's text, or the default when it is not set."""
    value = read_optional(name)
    return default if value is None else value.strip()


def read_flag(name: str, *, default: bool) -> bool:
    """Return a yes/no variable.

    Raises: ImproperlyConfigured for anything but 1/0, true/false, yes/no, on/off.
    """
    value = read_optional(name)
    if value is None:
        return default
    word = value.strip().lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise ImproperlyConfigured(f"{name} is {value!r}; write 1 or 0.")
    return word in TRUE_WORDS


def read_integer(name: str, default: int, *, low: int, high: int) -> int:
    """Return a whole number between low and high.

    Raises: ImproperlyConfigured for text, fractions and numbers out of range.
    """
    value = read_optional(name)
    if value is None:
        return default
    try:
        number = int(value)
    except ValueError as problem:
        raise ImproperlyConfigured(f"{name} is {value!r}; write a whole number.") from problem
    if not low <= number <= high:
        raise ImproperlyConfigured(f"{name} is {number}; it must lie between {low} and {high}.")
    return number


def read_choice(name: str, default: str, *, choices: Collection[str]) -> str:
    """Return a variable that must be one of the given words.

    Raises: ImproperlyConfigured for any other word.
    """
    value = read_text(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}; choose from {', '.join(sorted(choices))}.")
    return value


def read_list(name: str) -> list[str]:
    """Return a comma-separated variable as its non-empty parts."""
    return [part.strip() for part in read_text(name, "").split(",") if part.strip()]


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only mean this machine."""
    if host in ("localhost", "") or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def read_host(name: str, default: str) -> str:
    """Return a bind address: localhost or a literal IP address.

    Raises: ImproperlyConfigured for a name, whose meaning could change under us.
    """
    host = read_text(name, default).strip("[]")
    if host == "localhost":
        return "127.0.0.1"
    try:
        ipaddress.ip_address(host)
    except ValueError as problem:
        raise ImproperlyConfigured(f"{name} is {host!r}; write an IP address.") from problem
    return host


def refuse_weak_secret(name: str, secret: str) -> str:
    """Return the secret, or refuse one that somebody could guess.

    Raises: ImproperlyConfigured when it is short, uniform or an example.
    """
    lowered = secret.lower()
    if any(word in lowered for word in EXAMPLE_WORDS):
        raise ImproperlyConfigured(f"{name} is an example value; generate your own.")
    if len(secret) < MINIMUM_SECRET_LENGTH:
        raise ImproperlyConfigured(f"{name} is shorter than {MINIMUM_SECRET_LENGTH} characters.")
    if len(set(secret)) < MINIMUM_SECRET_VARIETY:
        raise ImproperlyConfigured(f"{name} repeats a few characters; generate a random one.")
    return secret


def refuse_open_hosts(name: str, hosts: list[str]) -> list[str]:
    """Return the host names, or refuse wildcards, which let anybody forge the Host header.

    Raises: ImproperlyConfigured for `*` and names that begin with a dot.
    """
    for host in hosts:
        if "*" in host or host.startswith("."):
            raise ImproperlyConfigured(f"{name} has the wildcard {host!r}; list each name.")
    return hosts


def parse_database(name: str, url: str) -> dict[str, Any]:
    """Return Django's connection settings for a PostgreSQL address.

    Raises: ImproperlyConfigured for other databases, guessable passwords, and connections to
    another machine that are not encrypted.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured(f"{name} must begin with postgres://; only PostgreSQL is used.")
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = unquote(options.pop("host", "") or parts.hostname or "")
    database = unquote(parts.path.lstrip("/"))
    if not database or not parts.username:
        raise ImproperlyConfigured(f"{name} must name a user and a database.")
    user, password = unquote(parts.username), unquote(parts.password or "")
    if not is_loopback(host):
        if password.lower() in GUESSABLE_PASSWORDS | {user.lower(), database.lower()}:
            raise ImproperlyConfigured(f"{name} uses a default password; choose a random one.")
        if options.get("sslmode") not in PROTECTED_SSL_MODES:
            raise ImproperlyConfigured(f"{name} leaves this machine: add ?sslmode=verify-full.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database,
        "USER": user,
        "PASSWORD": password,
        "HOST": host,
        "PORT": str(parts.port or options.pop("port", "")),
        "CONN_MAX_AGE": 60,  # seconds a request thread keeps its connection
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def parse_broker(name: str, url: str) -> str:
    """Return the broker address as Celery spells it.

    Raises: ImproperlyConfigured for anything but the Redis protocol.
    """
    scheme = urlsplit(url).scheme
    if scheme not in BROKER_SCHEMES:
        raise ImproperlyConfigured(f"{name} must begin with redis://, rediss:// or unix://.")
    return url.replace("unix://", "redis+socket://", 1) if scheme == "unix" else url
