"""The two embedded servers together, under one launcher's lock."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from qms.plant import provision
from qms.plant.connection import forget_connection, read_connection, read_or_make_secret, write_connection
from qms.plant.errors import PlantBusy, PlantError
from qms.plant.folders import choose_runtime_folder, remove_runtime_folder
from qms.plant.postgres import Postgres
from qms.plant.valkey import Valkey

DATABASE = "countersign"
WITNESS_KEY_FILE = Path("witness") / "witness.vkey"
WAIT_SECONDS = 60.0
POLL_SECONDS = 0.1


class Embedded:
    """PostgreSQL and Valkey of one VAR folder."""

    def __init__(self, var: Path, *, role_prefix: str = "countersign") -> None:
        self.var = var
        self.roles = provision.Roles.from_prefix(role_prefix)
        runtime = choose_runtime_folder(var)
        self.postgres = Postgres(var, runtime)
        self.valkey = Valkey(var, runtime)

    def password_of(self, role: str) -> str:
        """Return a role's generated password."""
        return read_or_make_secret(self.var / "keys" / f"db_{role}")

    def addresses(self) -> dict[str, str]:
        """Return the environment that leads each kind of process to its own role."""

        def address(role: str) -> str:
            return self.postgres.address(user=role, password=self.password_of(role), database=DATABASE)

        return {
            "DATABASE_URL": address(self.roles.app),
            "OWNER_DATABASE_URL": address(self.roles.owner),
            "SEALER_DATABASE_URL": address(self.roles.sealer),
            "BACKUP_DATABASE_URL": address(self.roles.backup),
            "REDIS_URL": self.valkey.address,
        }

    def known_addresses(self) -> dict[str, str]:
        """Return the addresses, and the verifier key of the plant's own witness once it has one.

        The key is told also while the witness does not run, so that what it cosigned can be verified.
        """
        known = self.var / WITNESS_KEY_FILE
        return self.addresses() | ({"WITNESS_KEY": known.read_text().strip()} if known.exists() else {})

    def start(self) -> None:
        """Start both servers, make roles and database, and tell other processes where they are."""
        forget_connection(self.var)  # a killed predecessor leaves its own behind
        self.postgres.start()
        passwords = {role: self.password_of(role) for role in vars(self.roles).values()}
        provision.provision(self.postgres.address(), DATABASE, roles=self.roles, passwords=passwords)
        self.valkey.start()
        write_connection(self.var, self.known_addresses())

    def stop(self) -> None:
        """Stop both servers, the broker first, so that nothing is handed out any more."""
        forget_connection(self.var)
        self.valkey.stop()
        self.postgres.stop()
        remove_runtime_folder(self.postgres.runtime)


def prepare_var(var: Path) -> None:
    """Make the data folder.

    Raises: PlantError when this user may not write there.
    """
    try:
        (var / "run").mkdir(parents=True, exist_ok=True)
    except PermissionError as problem:
        raise PlantError(f"{var} cannot be written by this user; choose another folder with VAR.") from problem
    if not os.access(var / "run", os.W_OK):
        raise PlantError(f"{var} belongs to another user; start as that user or choose another folder with VAR.")


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def launcher_lock(var: Path, what: str) -> Iterator[None]:
    """Be the only launcher on this data; the system frees the lock however we end.

    Raises: PlantBusy, naming the process that holds it.
    """
    prepare_var(var)
    with (var / "run" / "launcher.lock").open("a+", encoding="utf-8") as file:
        if not _try_lock(file, fcntl.LOCK_EX):
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise PlantBusy(
                f"Countersign already runs on {var} (process {holder}); stop it or choose another folder with VAR."
            )
        file.truncate(0)
        file.write(f"{os.getpid()}: {what}")
        file.flush()
        yield


@contextmanager
def borrowed_servers(var: Path, command: Sequence[str]) -> Iterator[dict[str, str]]:
    """Use the embedded servers of a running plant, or start them for this one command.

    Whoever started them stops them, after the last process that borrowed them is done.
    """
    prepare_var(var)
    with (var / "run" / "borrowers.lock").open("a", encoding="utf-8") as borrowers, ExitStack() as stack:
        try:
            stack.enter_context(launcher_lock(var, " ".join(command)))
        except PlantBusy:
            fcntl.flock(borrowers, fcntl.LOCK_SH)
            yield wait_for_connection(var)
            return
        embedded = Embedded(var)
        try:
            embedded.start()
            yield embedded.addresses()
        finally:
            fcntl.flock(borrowers, fcntl.LOCK_EX)
            embedded.stop()


def wait_for_connection(var: Path) -> dict[str, str]:
    """Return the addresses of a plant that another process is starting or runs.

    Raises: PlantError when it does not become ready.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        addresses = read_connection(var)
        if addresses:
            return addresses
        time.sleep(POLL_SECONDS)
    raise PlantError(f"Another process holds {var} but its servers did not become ready.")
