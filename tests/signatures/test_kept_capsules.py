"""What an earlier version gave out is still proved: by today's verifier, by the one it carries, and by an import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from records.verifying.findings import Tally
from signatures.models_capsules import ImportedVersion
from signatures.verifying import check_imported_versions
from tests.signatures.capsule_files import flip, judge, members_of, pack, run_verifier

pytestmark = [pytest.mark.clause("11.10(b)", "11.10(c)"), pytest.mark.assurance("R3")]

KEPT = Path(__file__).resolve().parents[1] / "assets" / "capsules"
FILES = sorted(KEPT.glob("v*.zip"))
PROVED = (
    "versions have the content hash that is recorded",
    "signatures: the statement names this record, version and content hash",
    "revocation lists are signed by these authorities",
    "PDFs carry the organisation's seal over the whole file",
    "attached files have the SHA-256 that their record gives",
    "events of the trails for reading (CSV) are those of the complete ones",
    "is signed by the ledger's key",
    "signed this very checkpoint at",
    "events, with every row that they changed, lead to the root of the checkpoint",
    "are told word for word as in the ledger's lines",
    "are those in the ledger's lines",
    "time stamp of an outside authority",
    "seal stands over the manifest",
)


def kept_members() -> list[tuple[Path, str]]:
    """Return every member of every kept capsule."""
    return [(file, name) for file in FILES for name in members_of(file.read_bytes())]


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def kept(request: pytest.FixtureRequest) -> bytes:
    file: Path = request.param
    return file.read_bytes()


def test_there_is_one_and_each_is_small() -> None:
    assert [file.name for file in FILES][:1] == ["v0.1.0.zip"]
    assert all(file.stat().st_size < 150_000 for file in FILES)


def test_todays_verifier_proves_it_wholly(kept: bytes) -> None:
    report = judge(kept)
    assert report.wrong == []
    assert [sentence for sentence in PROVED if not any(sentence in line for line in report.proved)] == []


def test_copies_of_the_keys_settle_whose_they_are(kept: bytes) -> None:
    members = members_of(kept)
    keys = {name: members[f"ledger/{name}.vkey"].decode().split("\n")[0] for name in ("log", "witness")}
    report = judge(kept, ca=members["certificates/ca.pem"], log_key=keys["log"], witness_key=keys["witness"])
    assert report.wrong == []
    assert len(report.unproved) < len(judge(kept).unproved)


def test_a_stranger_proves_it_with_the_verifier_of_today_and_with_its_own(kept: bytes, tmp_path: Path) -> None:
    spoken = run_verifier(kept)
    assert spoken.code == 0, spoken.text
    (tmp_path / "capsule.zip").write_bytes(kept)
    (tmp_path / "verify.py").write_bytes(members_of(kept)["verify.py"])
    own = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", "capsule.zip"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert own.returncode == 0, own.stdout + own.stderr


@pytest.mark.parametrize(("file", "name"), kept_members(), ids=lambda value: getattr(value, "stem", value))
def test_one_flipped_bit_of_any_member_is_found_and_located(file: Path, name: str) -> None:
    members = members_of(file.read_bytes())
    members[name] = flip(members[name], len(members[name]) // 2)
    report = judge(pack(members))
    assert any(name in line for line in report.wrong), report.wrong


@pytest.mark.django_db
def test_an_installation_of_today_takes_it_in_with_the_same_content_hashes(kept: bytes, tmp_path: Path) -> None:
    file = tmp_path / "capsule.zip"
    file.write_bytes(kept)
    call_command("import_capsule", str(file), verbosity=0)
    assert ImportedVersion.objects.count() == 1
    assert list(check_imported_versions(Tally())) == []
