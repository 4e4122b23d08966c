"""The way to Vault or OpenBao: TLS, AppRole login, the token's lease, and errors as refusals.

Owns when this process logs in and renews. A lease is renewed before it ends, by whichever thread
asks next; where renewal is not possible any more, the process logs in again, reading the secret id
from its file anew, so that one can be replaced without a restart. Never logs or raises the secret
id or a token. What changes the store is sent once: only reading is tried again, and connecting.
Pure: no Django. Serves: 21 CFR 11.10(d), 11.30.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import hvac
import requests
from hvac import exceptions as faults
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from records.errors import Refusal
from records.errors_vault import VaultDenied, VaultLoginRefused, VaultMismatch, VaultSealed, VaultUnreachable

Answer = TypeVar("Answer")

TIMEOUT = (2.0, 4.0)
"""Seconds to connect and to wait for an answer: with every retry, a page still answers within 10 s."""

_RETRIES = Retry(
    connect=2,  # nothing was sent yet, so any request may be tried again
    read=1,
    status=1,
    other=0,
    redirect=0,
    allowed_methods={"GET"},
    status_forcelist={412, 429, 502, 504},
    backoff_factor=0.1,
    raise_on_status=False,
    respect_retry_after_header=False,
)
_ITS_OWN_ERROR = "it answers with an error of its own"
_RENEW_BELOW = 1 / 3
"""The share of the lease that is left when it is renewed."""


@dataclass(frozen=True, slots=True)
class VaultAccess:
    """Where Vault is and as whom this process logs in there; the file's secret id goes before the given one."""

    address: str
    role_id: str
    secret_id: str = field(default="", repr=False)
    secret_id_file: str = ""
    namespace: str = ""
    kv_mount: str = "countersign"
    transit_mount: str = "countersign-transit"
    approle_mount: str = "approle"
    ca_file: str = ""


class VaultSession:
    """One process's logged-in session, shared by its threads."""

    def __init__(self, access: VaultAccess) -> None:
        self.access = access
        self._client = _connect(access)
        self._lock = threading.Lock()
        self._lease = 0.0
        self._ends = 0.0
        self._failed_at = 0.0
        self._failure: Refusal | None = None

    def call(self, ask: Callable[[hvac.Client], Answer], doing: str) -> Answer:
        """Ask Vault something with a live token; ``doing`` completes “does not allow this process to …”.

        The caller's own answers (a missing path, a request that Vault cannot fulfil) pass as they are.
        Raises: VaultSealed, VaultUnreachable, VaultDenied, VaultLoginRefused, VaultMismatch.
        """
        token = self._live_token()
        try:
            return self._ask(ask)
        except faults.Forbidden:
            # Vault says the same of a token that ended (revoked, restored backup) and of a policy that denies.
            if self._is_alive():
                raise VaultDenied(doing=doing) from None
        self._forget(token)
        self._live_token()
        try:
            return self._ask(ask)
        except faults.Forbidden:
            raise VaultDenied(doing=doing) from None

    def seconds_left(self) -> float:
        """Return how long the token lives unless renewed, asking Vault itself. Units: seconds; 0 for no end."""
        found = self.call(lambda client: client.auth.token.lookup_self(), "look its own token up")
        return float(found["data"]["ttl"])

    def _live_token(self) -> str:
        asked = time.monotonic()
        with self._lock:
            if self._failure is not None and self._failed_at >= asked:
                # Tried while this thread waited its turn: were each to wait anew, the last would wait very long.
                raise type(self._failure)(self._failure.text)
            try:
                self._keep_token()
            except Refusal as refusal:
                self._failure, self._failed_at = refusal, time.monotonic()
                raise
            return str(self._client.token)

    def _keep_token(self) -> None:
        if not self._client.token:
            self._log_in()
        elif self._is_ending():
            self._renew()
            if self._is_ending():
                self._log_in()

    def _is_ending(self) -> bool:
        return self._lease > 0 and self._ends - time.monotonic() < self._lease * _RENEW_BELOW

    def _renew(self) -> None:
        begun = time.monotonic()
        try:
            found = self._try(lambda client: client.auth.token.renew_self())
        except (faults.Forbidden, faults.InvalidRequest, faults.InternalServerError):
            return  # It ended, or may not be renewed any more: the caller logs in again.
        self._ends = begun + float(found["auth"]["lease_duration"])

    def _log_in(self) -> None:
        begun = time.monotonic()
        secret_id = _read_secret_id(self.access)
        self._client.token = ""
        try:
            found = self._try(
                lambda client: client.auth.approle.login(
                    self.access.role_id, secret_id, use_token=False, mount_point=self.access.approle_mount
                )
            )
        except (faults.InvalidRequest, faults.Forbidden, faults.Unauthorized):
            raise VaultLoginRefused from None
        except faults.InternalServerError:
            raise self._unreachable(_ITS_OWN_ERROR) from None
        except faults.InvalidPath:
            raise VaultMismatch(problem=f"AppRole is not enabled at “{self.access.approle_mount}”") from None
        self._lease = float(found["auth"]["lease_duration"])
        self._ends = begun + self._lease
        self._client.token = found["auth"]["client_token"]

    def _forget(self, token: str) -> None:
        with self._lock:
            if self._client.token == token:  # Another thread may have logged in again already.
                self._client.token = ""

    def _is_alive(self) -> bool:
        try:
            self._ask(lambda client: client.auth.token.lookup_self())
        except faults.Forbidden:
            return False
        return True

    def _ask(self, ask: Callable[[hvac.Client], Answer]) -> Answer:
        try:
            return self._try(ask)
        except faults.InternalServerError:
            raise self._unreachable(_ITS_OWN_ERROR) from None

    def _try(self, ask: Callable[[hvac.Client], Answer]) -> Answer:
        try:
            return ask(self._client)
        except requests.exceptions.SSLError:
            raise self._unreachable("its certificate is not trusted here (VAULT_CA)") from None
        except requests.exceptions.Timeout:
            raise self._unreachable("it does not answer in time") from None
        except requests.exceptions.RequestException:
            raise self._unreachable("it does not answer") from None
        except faults.VaultNotInitialized:
            raise VaultMismatch(problem="it was never initialised") from None
        except faults.VaultDown as fault:
            if "sealed" in str(fault).lower():
                raise VaultSealed from None
            raise self._unreachable("it says it is down") from None
        except faults.InvalidPath as fault:
            if "no handler for route" in str(fault) or "unsupported path" in str(fault):
                raise VaultMismatch(problem=f"nothing is mounted at {_mount_of(fault)}") from None
            raise
        except (faults.BadGateway, faults.RateLimitExceeded, faults.UnexpectedError):
            raise self._unreachable(_ITS_OWN_ERROR) from None

    def _unreachable(self, problem: str) -> VaultUnreachable:
        return VaultUnreachable(address=self.access.address, problem=problem)


def _connect(access: VaultAccess) -> hvac.Client:
    http = requests.Session()
    http.trust_env = False  # Neither a proxy nor other authorities from the environment come between.
    http.verify = access.ca_file or True
    for scheme in ("https://", "http://"):
        http.mount(scheme, HTTPAdapter(max_retries=_RETRIES))
    # An empty token, not None: the library would take somebody's own from the environment or the home folder.
    return hvac.Client(
        url=access.address,
        token="",
        timeout=TIMEOUT,
        session=http,
        namespace=access.namespace or None,
        allow_redirects=False,
    )


def _read_secret_id(access: VaultAccess) -> str:
    if not access.secret_id_file:
        return access.secret_id
    try:
        return Path(access.secret_id_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise VaultMismatch(problem="the file that VAULT_SECRET_ID_FILE names cannot be read") from None


def _mount_of(fault: Any) -> str:
    return "/".join(str(fault.url).split("/")[4:-1])
