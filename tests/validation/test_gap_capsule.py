"""A signed gap assessment leaves in a capsule that proves itself, with its evidence, like any other record."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from records.outbox import work_off
from signatures.capsules.scopes import scope_of_record
from tests import servers
from tests.signatures.capsule_files import make_capsule, run_verifier
from tests.signatures.capsule_world import confirmed_ledger
from tests.validation.desk import make_desk, sign
from tests.validation.gap_desk import answered_gaps

pytestmark = [pytest.mark.clause("11.10(b)", "11.70")]


@pytest.fixture
def number(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Return the number of an approved assessment in a sealed ledger; all of it is committed, and taken away after."""
    folder, patch = tmp_path_factory.mktemp("gaps"), pytest.MonkeyPatch()
    patch.setattr(settings, "KEYS_ROOT", folder / "keys")
    patch.setattr(settings, "SEALER_KEYS_ROOT", folder / "keys" / "sealer")
    with django_db_blocker.unblock():
        try:
            desk = make_desk()
            assessment = answered_gaps(desk)
            sign(assessment, "approve", desk.reviewer)
            sign(assessment, "approve", desk.qa)
            while work_off():
                pass
            with confirmed_ledger(folder, patch):
                yield assessment.number
        finally:
            connections.close_all()
            servers.reset_database()
            patch.undo()


def test_a_stranger_verifies_an_assessment_with_its_evidence_and_both_signatures(number: str):
    spoken = run_verifier(make_capsule(scope_of_record(number)))
    assert spoken.code == 0, spoken.text
    for sentence in (
        "2 signatures: the statement names this record, version and content hash",
        "1 PDFs carry the organisation's seal over the whole file",
        "1 attached files have the SHA-256",
    ):
        assert sentence in spoken.text
    assert "WRONG" not in spoken.text
