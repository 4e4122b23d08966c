"""What was signed lies in the write-once archive with its signatures, as long as the record's rule asks."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from records.archive.errors import ArchiveObjectAltered, ArchiveUnavailable
from records.archive.folder import FolderArchive
from records.clock import now
from records.digests import sha256_hex
from records.models_ledger import ArchivedObject
from records.retention import compute_retain_until
from signatures.archiving import archive_signed_versions, lengthen_retention
from signatures.models import Signature
from tests.records.ledger.sealing_stage import attack
from tests.signatures.papers import approved_paper, sign, submitted_paper

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "sealer"]),
    pytest.mark.clause("11.10(c)", "11.70"),
]


@pytest.fixture
def archive(tmp_path):
    made = FolderArchive(tmp_path / "archive")
    made.check_ready()
    return made


def test_a_signed_version_is_archived_with_every_statement_and_cms(archive, author, reviewer, qa_manager):
    paper = approved_paper(author, reviewer, qa_manager)
    assert archive_signed_versions(archive) == 1
    version = paper.versions.get()
    assert archive.get(f"versions/{version.content_hash}.json") == bytes(version.content)
    for made in Signature.objects.filter(record=paper):
        stem = f"signatures/{sha256_hex(bytes(made.statement))}"
        assert archive.get(f"{stem}.json") == bytes(made.statement)
        assert archive.get(f"{stem}.p7s") == bytes(made.cms)
    assert archive.stat(f"{stem}.p7s").retain_until == compute_retain_until(paper, at=now())


def test_what_nobody_signed_is_not_archived(archive, author):
    submitted_paper(author)
    assert archive_signed_versions(archive) == 0
    assert list(archive.list("")) == []


def test_a_later_signature_joins_the_version_and_a_second_run_does_nothing(archive, author, reviewer, qa_manager):
    paper = submitted_paper(author)
    sign(reviewer, paper)
    assert archive_signed_versions(archive) == 1
    sign(qa_manager, paper)
    assert [archive_signed_versions(archive), archive_signed_versions(archive)] == [1, 0]
    assert len(list(archive.list("signatures/"))) == 4
    assert ArchivedObject.objects.count() == 5


def test_what_was_cut_off_is_archived_by_the_next_run(archive, monkeypatch, author, reviewer, qa_manager):
    approved_paper(author, reviewer, qa_manager)
    put, calls = archive.put, []

    def fail_at_third(*args):
        calls.append(args)
        if len(calls) == 3:
            raise ArchiveUnavailable(why="the disk is gone")
        return put(*args)

    monkeypatch.setattr(archive, "put", fail_at_third)
    with pytest.raises(ArchiveUnavailable):
        archive_signed_versions(archive)
    monkeypatch.undo()
    assert archive_signed_versions(archive) == 1
    assert ArchivedObject.objects.count() == 5


def test_altered_bytes_are_never_archived_as_if_they_had_been_signed(
    archive, author, reviewer, qa_manager, admin_connection
):
    approved_paper(author, reviewer, qa_manager)
    attack(admin_connection, "UPDATE records_version SET content = content || 'x'::bytea")
    with pytest.raises(ArchiveObjectAltered):
        archive_signed_versions(archive)
    assert list(archive.list("")) == []


def test_a_record_whose_time_has_not_begun_is_kept_longer_as_time_goes_on(archive, author, reviewer, qa_manager):
    paper = approved_paper(author, reviewer, qa_manager)
    archive_signed_versions(archive)
    assert lengthen_retention(archive) == 0
    later = now() + dt.timedelta(days=100)
    with time_machine.travel(later, tick=False):
        assert [lengthen_retention(archive), lengthen_retention(archive)] == [5, 0]
        name = next(iter(archive.list("versions/")))
        assert archive.stat(name).retain_until >= compute_retain_until(paper, at=later)
