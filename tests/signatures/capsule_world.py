"""A small plant with signed papers, a sealed ledger and a witness, committed once for a module's tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from records.attachments import attach_file
from records.evidence import Actor
from records.ledger.cosigning import cosign_last
from records.ledger.identity import ledger_origin, trusted_keys
from records.ledger.notes import VerifierKey
from records.ledger.sealing import seal_everything
from records.outbox import work_off
from records.stamping.checkpoints import stamp_newest
from records.stores import file_store, sealer_key_store
from tests import servers
from tests.papers.models import Paper
from tests.people import Crew, make_crew
from tests.signatures.papers import approved_paper, edit, sign, submit, write_paper
from tests.stamp_authority import make_authority, serve_authority
from tests.witnesses import running_witness

FORMULA = '=HYPERLINK("http://evil.example")'


@dataclass
class World:
    """Two papers of one plant, everybody, and the witness's key once there is a witness."""

    crew: Crew
    paper: Paper
    other: Paper
    witness: VerifierKey | None = None


def attach(paper: Paper, actor: Actor, content: bytes, name: str) -> None:
    """Store a file and attach it."""
    kept = file_store().add_bytes(content)
    attach_file(
        paper, actor=actor, sha256=kept.sha256, size=kept.size, media_type="text/plain", name=name, purpose="evidence"
    )


@contextmanager
def confirmed_ledger(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[VerifierKey]:
    """Seal everything, and have a real witness and a real time-stamp authority confirm it; yield the witness's key."""
    seal_everything(sealer_key_store())
    logs = [key for key in trusted_keys() if key.name == ledger_origin()]
    with (
        running_witness(folder / "witness", *logs) as witness,
        serve_authority(make_authority(folder / "authority")) as served,
    ):
        named = {"WITNESS_URL": witness.url, "WITNESS_KEY": witness.said_key}
        named |= {"TSA_URL": served.url, "TSA_CA": str(served.authority.root), "TSA_POLICY": ""}
        for name, value in named.items():
            patch.setattr(settings, name, value)
        assert cosign_last()
        assert stamp_newest()
        yield witness.key


def make_world() -> World:
    """Two approved papers with files and odd text, their PDFs made."""
    crew = make_crew()
    author = crew.add("author", "operator", printed_name="Jon Ortiz")
    reviewer = crew.add("reviewer", "reviewer", printed_name="Rita Berg")
    quality = crew.add("qa_manager", "qa_manager", printed_name="Maria Chen")
    paper = write_paper(author, title='Ä paper, "quoted"', body=f"{FORMULA}\nsecond line\twith a tab \\N 𝄞")
    attach(paper, author.actor("operator"), b"first file\n", "../odd \u00e4 name.txt")
    attach(paper, author.actor("operator"), bytes(range(256)) * 500, "numbers.bin")
    paper = submit(paper, author)
    paper = edit(paper, author, body=f"{FORMULA}\n+1")
    for person in (reviewer, quality):
        sign(person, paper)
    other = approved_paper(author, reviewer, quality, title="Another paper")
    while work_off():
        pass
    return World(crew, Paper.objects.get(pk=paper.pk), other)


@contextmanager
def committed_world(blocker: DjangoDbBlocker, folder: Path) -> Iterator[World]:
    """Make the world in the database itself, with keys of its own; take everything away afterwards."""
    patch = pytest.MonkeyPatch()
    patch.setattr(settings, "KEYS_ROOT", folder / "keys")
    patch.setattr(settings, "SEALER_KEYS_ROOT", folder / "keys" / "sealer")
    with blocker.unblock():
        try:
            world = make_world()
            with confirmed_ledger(folder, patch) as world.witness:
                yield world
        finally:
            connections.close_all()
            servers.reset_database()
            patch.undo()
