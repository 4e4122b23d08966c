"""A copy to take away is a numbered evidence capsule: complete, and checked with nothing but openssl and Python."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from qms.batches.creation import create_batch
from qms.inspections.accesses import end_access
from qms.inspections.capsules import scope_of_lot
from qms.inspections.copies import make_export, request_export
from qms.inspections.models import Export
from records.clock import now
from records.digests import sha256_hex
from records.editing import edit_record
from records.models import Event, OutboxItem
from records.outbox import work_off
from records.stores import file_store
from signatures.capsules.members import safe_name
from signatures.capsules.trails import RISKY_STARTS
from tests.plant_data import make_lot
from tests.qms.scene import ATTACHED, Scene, let_inspect
from tests.signatures.capsule_files import judge, make_capsule, run_verifier

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(b)")]


@pytest.fixture
def desk(scene: Scene) -> Client:
    """Return the inspector's browser."""
    return scene.people["inspector"].client(fresh=True)


def take_copy(client: Client, number: str) -> zipfile.ZipFile:
    """Ask for a copy on the record's page, let the job make it, and download it."""
    answer = client.post(reverse("inspections:export-create", args=[number]))
    assert answer.status_code == 302
    waiting = client.get(answer.headers["Location"]).content.decode()
    assert "The copy is being made" in waiting
    while work_off():
        pass
    ready = client.get(answer.headers["Location"]).content.decode()
    assert "The copy is ready" in ready
    given = client.get(f"{answer.headers['Location']}download/")
    assert given.headers["Content-Type"] == "application/zip"
    content = b"".join(given.streaming_content)  # type: ignore[attr-defined]  # a FileResponse
    assert sha256_hex(content)[:8] in ready
    return zipfile.ZipFile(io.BytesIO(content))


def test_a_copy_holds_every_part_of_the_record(scene: Scene, desk: Client):
    batch = scene.here.batch
    copy = take_copy(desk, batch.number)
    names, folder = set(copy.namelist()), f"records/{batch.number}/"
    signature, version = batch.signatures.get(), batch.versions.get()
    assert {"VERIFY.txt", "verify.py", "certificates/ca.pem", "manifest.json"} <= names
    own = {name.removeprefix(folder) for name in names if name.startswith(folder)}
    assert {"record.json", "trail.csv", "trail.json", f"versions/v{version.number}.json"} <= own
    assert f"renditions/v{version.number}-sign_review.pdf" in own
    assert {f"signatures/{signature.number}{end}" for end in (".p7s", ".statement.json", ".certificate.pem")} <= own
    files = {sha256_hex(copy.read(name)) for name in names if name.startswith(f"{folder}files/")}
    assert {image.original_id for image in batch.images.all()} | {sha256_hex(ATTACHED)} <= files
    assert copy.read(f"{folder}versions/v{version.number}.json") == bytes(version.content)


def test_a_stranger_verifies_a_copy_and_reads_for_whom_it_was_made(scene: Scene, desk: Client):
    copy = take_copy(desk, scene.here.batch.number)
    spoken = run_verifier(zip_of(copy))
    assert spoken.code == 0, spoken.text
    facts = json.loads(copy.read("capsule.json"))
    assert facts["given"] == {"export": Export.objects.latest("id").number, "requested_by": "inspector"}
    assert facts["records"] == [scene.here.batch.number]


def zip_of(copy: zipfile.ZipFile) -> bytes:
    """Return the bytes of an opened zip."""
    assert isinstance(copy.fp, io.BytesIO)
    return copy.fp.getvalue()


def test_the_capsule_of_a_lot_holds_its_batch_and_the_model_that_decided(scene: Scene):
    capsule = make_capsule(scope_of_lot(scene.here.lot.number))
    report = judge(capsule)
    assert report.wrong == []
    with zipfile.ZipFile(io.BytesIO(capsule)) as archive:
        numbers = json.loads(archive.read("capsule.json"))["records"]
    assert numbers == sorted([scene.here.batch.number, scene.here.plant.model.number])


def test_the_command_writes_a_capsule_once_and_leaves_an_event(scene: Scene, tmp_path: Path):
    out, said = tmp_path / "capsule.zip", io.StringIO()
    call_command("capsule", scene.here.batch.number, out=out, stdout=said)
    assert judge(out.read_bytes()).wrong == []
    assert f"Wrote {out}: {scene.here.batch.number}." in said.getvalue()
    event = Event.objects.get(act="signatures.capsule.made")
    assert event.details["sha256"] == sha256_hex(out.read_bytes())
    assert event.record_id == scene.here.batch.pk
    with pytest.raises(CommandError, match="Name a new file"):
        call_command("capsule", scene.here.batch.number, out=out)


def test_the_command_writes_the_capsule_of_a_lot_and_of_days(scene: Scene, tmp_path: Path):
    call_command("capsule", lot=scene.here.lot.number, out=tmp_path / "lot.zip", stdout=io.StringIO())
    today = f"{now():%Y-%m-%d}"
    call_command("capsule", "--from", today, "--to", today, "--out", str(tmp_path / "days.zip"), stdout=io.StringIO())
    assert judge((tmp_path / "lot.zip").read_bytes()).wrong == []
    with zipfile.ZipFile(tmp_path / "days.zip") as archive:
        assert {scene.here.batch.number, scene.elsewhere.batch.number} <= set(
            json.loads(archive.read("capsule.json"))["records"]
        )
        assert len(json.loads(archive.read("time/trail.json"))) > 100


@pytest.mark.parametrize(
    ("asked", "code"),
    [(["BR-1999-0001"], 1), (["--lot", "L-NONE"], 1), (["--from", "1999-01-01", "--to", "1999-01-02"], 1)],
)
def test_what_does_not_exist_is_a_sentence_and_leaves_no_file(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: list[str], code: int
):
    with pytest.raises(SystemExit) as exit_:
        call_command("capsule", *asked, "--out", str(tmp_path / "capsule.zip"))
    assert exit_.value.code == code
    assert capsys.readouterr().err.strip().endswith(".")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("asked", [[], ["BR-2026-0001", "--lot", "L-1"], ["--from", "2026-01-01"]])
def test_the_command_is_about_one_thing(tmp_path: Path, asked: list[str]):
    with pytest.raises(CommandError, match="Say one thing"):
        call_command("capsule", *asked, "--out", str(tmp_path / "capsule.zip"))


@pytest.mark.clause("11.10")
def test_a_copy_is_checked_by_hand_as_its_instructions_say(scene: Scene, desk: Client, tmp_path: Path):
    copy, signature = take_copy(desk, scene.here.batch.number), scene.here.batch.signatures.get()
    copy.extractall(tmp_path)
    folder = f"records/{scene.here.batch.number}"
    base = f"{folder}/signatures/{signature.number}"
    command = [
        *("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", f"{base}.p7s"),
        *(
            "-content",
            f"{base}.statement.json",
            "-CAfile",
            "certificates/ca.pem",
            "-purpose",
            "any",
            "-out",
            "/dev/null",
        ),
    ]
    assert " ".join(command[:6]) in (tmp_path / "VERIFY.txt").read_text()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    version = f"{folder}/versions/v{signature.version.number}.json"
    summed = subprocess.run(["sha256sum", version], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert summed.stdout.split()[0] == json.loads((tmp_path / f"{base}.statement.json").read_text())["content_hash"]
    forged = tmp_path / f"{base}.statement.json"
    forged.write_bytes(forged.read_bytes().replace(b"Operator", b"Operatox"))
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0


def test_the_rendition_in_a_copy_carries_the_seal(scene: Scene, desk: Client, tmp_path: Path):
    copy = take_copy(desk, scene.here.batch.number)
    name = next(name for name in copy.namelist() if name.endswith(".pdf"))
    copy.extract(name, tmp_path)
    shown = subprocess.run(["pdfsig", "-nocert", name], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Signature is Valid" in shown.stdout


@pytest.mark.parametrize("start", RISKY_STARTS)
def test_no_cell_of_a_copy_is_a_formula(scene: Scene, desk: Client, start: str):
    operator = scene.people["operator"]
    lot = make_lot(scene.here.plant, number="L-FORMULA-1")
    batch = create_batch(lot, actor=operator.actor(), station=scene.here.plant.station, units_received=5)
    batch.refresh_from_db()
    hostile = f"{start}HYPERLINK(1)" if start.strip() else f"x{start}=1"
    edit_record(
        batch,
        actor=operator.actor("operator"),
        revision=batch.revision,
        changes={"note": hostile},
        reason=f"{start.strip() or '='}cmd|'/c calc'!A0",
    )
    copy = take_copy(desk, batch.number)
    folder = f"records/{batch.number}/"
    text = copy.read(f"{folder}trail.csv").decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(RISKY_STARTS)]
    assert any(hostile.strip() in cell for cell in cells)
    assert json.dumps(hostile)[1:-1] in copy.read(f"{folder}trail.json").decode()


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a\\b", ".hidden", "", "ü b.png", "a/../b", "\x00"]
)
def test_a_name_in_a_copy_is_only_a_name(name: str):
    safe = safe_name(name)
    assert safe
    assert not safe.startswith(".")
    assert not set(safe) & set("/\\\x00")


def test_making_a_copy_twice_makes_it_once(scene: Scene):
    export = request_export(scene.here.batch, actor=scene.people["inspector"].actor())
    first, second = make_export(export.pk), make_export(export.pk)
    assert first.file_id == second.file_id
    assert Event.objects.filter(act="inspections.export.made", details__export=export.number).count() == 1


def test_a_copy_that_cannot_be_made_says_why_and_is_not_half_there(scene: Scene, desk: Client):
    image = scene.here.batch.images.order_by("position")[0]
    place = file_store().path_of(image.original_id)
    kept = place.read_bytes()
    place.chmod(0o640)
    place.write_bytes(kept[:-1] + b"\x00")
    try:
        answer = desk.post(scene.here.path("inspections:export-create"))
        while work_off():
            pass
        page = desk.get(answer.headers["Location"]).content.decode()
        download = desk.get(f"{answer.headers['Location']}download/")
    finally:
        place.write_bytes(kept)
        place.chmod(0o440)
    assert "The copy could not be made" in page
    assert download.status_code == 302
    export = Export.objects.latest("id")
    assert (export.state, export.file) == ("failed", None)
    assert Event.objects.filter(act="inspections.export.failed", details__export=export.number).exists()


def test_asking_making_and_taking_are_events(scene: Scene, desk: Client):
    take_copy(desk, scene.here.batch.number)
    number = Export.objects.latest("id").number
    events = Event.objects.filter(act__startswith="inspections.export.", details__export=number).order_by("id")
    assert [(event.act, event.actor_username) for event in events] == [
        ("inspections.export.requested", "inspector"),
        ("inspections.export.made", "system:exports"),
        ("inspections.export.downloaded", "inspector"),
    ]
    assert OutboxItem.objects.get(kind="inspections.export", key=number).done_at is not None


def test_an_access_without_copies_gives_none(scene: Scene):
    visitor = scene.strangers["inspector"]
    for access in visitor.user.inspector_accesses.all():
        end_access(access, actor=scene.strangers["qa_manager"].actor(), reason="their part is done")
    access = let_inspect(visitor, scene.here.plant.product, qa_manager=scene.people["qa_manager"], may_export=False)
    client = visitor.client(fresh=True)
    assert "Export copies" not in client.get(scene.here.path("inspections:record-detail")).content.decode()
    answer = client.post(scene.here.path("inspections:export-create"))
    assert answer.status_code == 403
    assert access.contact in answer.content.decode()
    assert not Export.objects.filter(requested_by=visitor.user).exists()
