"""Commands of the product as processes of their own, on a database and folders of the test's choice."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qms.plant import provision
from tests import servers
from tests.qms.backups.conftest import PASSPHRASE

TIMEOUT = 240
SEAL = """
import django
django.setup()
from records.ledger.sealing import seal_everything
from records.stores import sealer_key_store
print(seal_everything(sealer_key_store()))
"""


@dataclass(frozen=True)
class Machine:
    """An installation's place: a database on the test server, and a folder for everything else."""

    database: str
    folder: Path

    def environment(self, **changes: str) -> dict[str, str]:
        """Return what its processes are started with."""
        kept = {name: value for name, value in os.environ.items() if not name.endswith("_FILE")}
        addresses = {
            f"{prefix}DATABASE_URL": servers.address_of(role, self.database)
            for prefix, role in (
                ("", servers.ROLES.app),
                ("OWNER_", servers.ROLES.owner),
                ("SEALER_", servers.ROLES.sealer),
                ("BACKUP_", servers.ROLES.backup),
            )
        }
        own = {
            "DJANGO_SETTINGS_MODULE": "tests.qms.backups.settings",
            "DB_ROLE_PREFIX": servers.ROLE_PREFIX,
            "REDIS_URL": servers.REDIS_URL,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "VAR": str(self.folder),
            "BACKUP_PASSPHRASE": PASSPHRASE,
        }
        return {**kept, **addresses, **own, **changes}

    def seal(self) -> int:
        """Seal what was committed, as the sealer's process does; return how many events that were."""
        done = self._run([sys.executable, "-c", SEAL], PYTHONPATH=str(servers.BASE_DIR))
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    def run(self, *words: str, typed: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
        """Run one command of manage.py to its end."""
        return self._run([sys.executable, "manage.py", *words], typed=typed, **changes)

    def _run(self, argv: list[str], *, typed: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            cwd=servers.BASE_DIR,
            env=self.environment(**changes),
            input=typed,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    def rows(self) -> dict[str, list[str]]:
        """Return every row of every table as text, by table."""
        with servers.administrator(self.database) as admin:
            return {
                table: sorted(row[0] for row in admin.execute(f'SELECT t::text FROM public."{table}" t').fetchall())
                for table in servers.list_tables(admin)
            }


@contextmanager
def empty_machine(folder: Path) -> Iterator[Machine]:
    """Give a machine whose database was provisioned and never migrated; drop it afterwards."""
    name = f"{servers.DATABASE}_{secrets.token_hex(3)}"
    with servers.administrator() as admin:
        provision.create_database(admin, name, roles=servers.ROLES)
    with servers.administrator(name) as connection:
        provision.grant_rights(connection, name, roles=servers.ROLES)
    try:
        yield Machine(name, folder)
    finally:
        with servers.administrator() as admin:
            servers.drop_database(admin, name)
