"""An installation with signed records on committed rows, whose backups lie in a folder of the test."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg import sql
from pytest_django.fixtures import Settings

from qms import env
from qms.backups.making import make_backup
from qms.backups.models import BackupSet
from records.evidence import system_actor
from records.outbox import work_off
from tests import servers
from tests.people import Crew
from tests.plant_data import Plant, batch_ready, make_whole_plant

PASSPHRASE = "a long passphrase for tests only"


@dataclass
class Installation:
    """A place with people, signed records and files, and the folder for its sets."""

    plant: Plant
    backups: Path

    def back_up(self) -> BackupSet:
        return make_backup(actor=system_actor("tests"))


@pytest.fixture
def backup_settings(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give this test its own folders, and its child processes the settings of the product."""
    database = env.parse_database("the backup role", servers.address_of(servers.ROLES.backup))
    settings.KEYS_ROOT = tmp_path / "keys"
    settings.SEALER_KEYS_ROOT = tmp_path / "keys" / "sealer"
    settings.FILES_ROOT = tmp_path / "files"
    settings.BACKUP = dataclasses.replace(
        settings.BACKUP, root=tmp_path / "backups", database=database, passphrase=PASSPHRASE
    )
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "tests.qms.backups.settings")
    return tmp_path / "backups"


@pytest.fixture
def installation(backup_settings: Path, crew: Crew) -> Installation:
    """Return an installation with a batch that has photographs, and a model released by two signatures."""
    plant = make_whole_plant(crew)
    batch_ready(plant, units=5)
    while work_off():
        pass
    with servers.administrator(servers.DATABASE) as admin:  # the tests' own copies of rows belong to the dump too
        backup = sql.Identifier(servers.ROLES.backup)
        admin.execute(sql.SQL("GRANT USAGE ON SCHEMA pristine TO {}").format(backup))
        admin.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA pristine TO {}").format(backup))
    return Installation(plant, backup_settings)


@pytest.fixture
def randomly_seeded(request: pytest.FixtureRequest) -> int:
    """Return the run's seed, which pytest prints; ``-p randomly -p "randomly_seed=N"`` repeats a run."""
    return int(getattr(request.config.option, "randomly_seed", 0) or 0)
