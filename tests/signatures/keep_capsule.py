"""Makes the capsule that a version leaves to its successors. Run it once for a version, never over an older file:

python -m pytest -q -p no:randomly -o python_files=keep_capsule.py tests/signatures/keep_capsule.py
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from pytest_django.plugin import DjangoDbBlocker

from records.outbox import work_off
from signatures.capsules.scopes import scope_of_record
from tests.people import make_crew
from tests.signatures import capsule_world
from tests.signatures.capsule_files import make_capsule
from tests.signatures.papers import approved_paper
from tests.signatures.test_kept_capsules import KEPT


def make_small_world() -> capsule_world.World:
    """One approved paper with a file, its PDF made."""
    crew = make_crew()
    author = crew.add("author", "operator", printed_name="Jon Ortiz")
    reviewer = crew.add("reviewer", "reviewer", printed_name="Rita Berg")
    quality = crew.add("qa_manager", "qa_manager", printed_name="Maria Chen")
    paper = approved_paper(author, reviewer, quality, title="Line clearance", body="The vials were clear.")
    capsule_world.attach(paper, author.actor("operator"), b"lamp 3 checked\n", "lamp.txt")
    while work_off():
        pass
    return capsule_world.World(crew, paper, paper)


def test_keep_the_capsule_of_this_version(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path
) -> None:
    target = KEPT / f"v{settings.BUILD_VERSION}.zip"
    assert not target.exists(), "what a version left is never made again"
    made, capsule_world.make_world = capsule_world.make_world, make_small_world
    try:
        with capsule_world.committed_world(django_db_blocker, tmp_path) as world:
            target.write_bytes(make_capsule(scope_of_record(world.paper.number)))
    finally:
        capsule_world.make_world = made
