"""A sealer killed with -9 at any point of its round loses nothing and doubles nothing; the next one goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from records.archive.archiving import name_checkpoint
from records.archive.folder import FolderArchive
from records.ledger.identity import trusted_keys
from records.ledger.sealing import seal_everything
from records.models import Event
from records.models_ledger import ArchivedObject, Checkpoint, CheckpointCosignature, Leaf
from records.stores import sealer_key_store
from records.verifying.runs import run_checks
from tests import servers
from tests.assurance.dying_sealer import POINTS
from tests.records.ledger.sealing_stage import DATABASES, make_files
from tests.witnesses import running_witness

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=DATABASES),
    pytest.mark.clause("11.10(a)", "11.10(c)", "11.10(e)"),
    pytest.mark.assurance("E6"),
]

LIMIT = 60.0  # seconds
UNCOMMITTED = {"lock taken", "leaves written", "read back", "checkpoint signed"}
Environment = dict[str, str]


@pytest.fixture
def environment(settings: Settings, tmp_path: Path) -> Iterator[Environment]:
    """Give sealer processes their keys, archive and witness; the first three events are sealed already."""
    settings.KEYS_ROOT, settings.SEALER_KEYS_ROOT = tmp_path / "keys", tmp_path / "keys" / "sealer"
    settings.FILES_ROOT = tmp_path / "files"
    settings.ARCHIVE = replace(settings.ARCHIVE, kind="folder", root=tmp_path / "archive")
    FolderArchive(tmp_path / "archive").check_ready()
    make_files(3)
    seal_everything(sealer_key_store())
    with running_witness(tmp_path, *trusted_keys()) as witness:
        settings.WITNESS_URL, settings.WITNESS_KEY = witness.url, witness.said_key
        yield {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "PYTHONWARNINGS": "ignore",
            "KEYS_ROOT": str(settings.KEYS_ROOT),
            "SEALER_KEYS_ROOT": str(settings.SEALER_KEYS_ROOT),
            "ARCHIVE_ROOT": str(tmp_path / "archive"),
            "WITNESS_URL": witness.url,
            "WITNESS_KEY": witness.said_key,
        }
    connections["sealer"].close()


def start_sealer(environment: Environment, *point: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.assurance.dying_sealer", *point]
    return subprocess.Popen(
        command, cwd=servers.BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def kill_at(environment: Environment, point: str) -> None:
    """Start a sealer, wait until it says that it is at the point, and kill it there."""
    with start_sealer(environment, point) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = process.stdout.readline().strip()
        process.kill()
        assert said == point, process.stderr.read()
        assert process.wait(LIMIT) == -9


def make_round(environment: Environment) -> str:
    """Let a sealer make a whole round, as the next one does every few seconds; return what it said."""
    with start_sealer(environment) as process:
        said, problem = process.communicate(timeout=LIMIT)
        assert process.returncode == 0, problem
    return said


def seal_all(environment: Environment) -> None:
    """Make rounds until everything is sealed: the server may need a moment to see that a sealer is gone."""
    until = time.monotonic() + LIMIT
    while make_round(environment) and Leaf.objects.count() < Event.objects.count():
        assert time.monotonic() < until


@pytest.mark.parametrize("point", POINTS)
def test_a_sealer_killed_in_mid_pass_loses_and_doubles_nothing(environment: Environment, point: str) -> None:
    made = make_files(4, first=10)
    kill_at(environment, point)
    before = Checkpoint.objects.latest("size").size
    assert before == Leaf.objects.count() == (3 if point in UNCOMMITTED else 7), "a pass is all or nothing"
    made += make_files(2, first=20)
    seal_all(environment)
    sealed = list(Leaf.objects.order_by("index").values_list("index", "event_id"))
    assert [index for index, _ in sealed] == list(range(len(sealed)))
    assert sorted(event for _, event in sealed) == sorted(Event.objects.values_list("id", flat=True))
    assert set(made) <= {event for _, event in sealed}
    make_round(environment)
    size = Checkpoint.objects.latest("size").size
    assert CheckpointCosignature.objects.filter(checkpoint_id=size).count() == 1
    assert ArchivedObject.objects.filter(name=name_checkpoint(size)).count() == 1
    assert ArchivedObject.objects.filter(name__startswith=f"cosigned/{size:020d}-").count() == 1
    report = run_checks()
    assert report.findings == []
    assert report.checked["leaves"] == len(sealed)
    assert report.checked["witnesses"] == 1


def test_a_round_that_nobody_kills_goes_through_every_point(environment: Environment) -> None:
    make_files(2, first=10)
    said = make_round(environment)
    assert said == "sealed 2, cosigned 5, archived (5, 5)\n"
