"""A delivery waits in quarantine, names what it refuses, and is stored whole or on purpose."""

from __future__ import annotations

import errno
import io
import os
import stat
import time
import zipfile
from pathlib import Path

import pytest

from examples.make_lot_zip import load_photographs, make_files, make_zip
from records.errors_files import (
    DeliveryEmpty,
    DeliveryIncomplete,
    DeliveryTooLarge,
    DeliveryTooManyFiles,
    DeliveryUnknown,
    FileHashMismatch,
    FileStoreFull,
)
from records.filestore import FileStore
from records.uploads.deliveries import Quarantine
from records.uploads.limits import Limits
from tests.assets.hostile_uploads.archives import packed
from tests.assets.hostile_uploads.pictures import picture


@pytest.fixture
def quarantine(tmp_path: Path) -> Quarantine:
    return Quarantine(tmp_path / "quarantine")


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store")


def lot(*, corrupt: tuple[str, ...] = ()) -> dict[str, bytes]:
    return make_files(load_photographs("midazolam-30")[:6], corrupt=corrupt)


def as_zip(files: dict[str, bytes]) -> io.BytesIO:
    return io.BytesIO(make_zip(files))


def test_a_whole_zip_is_received_and_kept(quarantine: Quarantine, store: FileStore) -> None:
    files = lot()
    delivery = quarantine.receive_zip(as_zip(files))
    assert delivery.is_complete
    assert [file.name for file in delivery.received] == list(files)
    assert not store.root.exists()
    kept = quarantine.keep(delivery, store=store)
    assert {file.name: store.read_checked(file.sha256) for file in kept} == files
    assert list(store.sweep(expected=[file.sha256 for file in kept])) == []


def test_a_folder_is_received_like_a_zip(quarantine: Quarantine) -> None:
    files = lot()
    from_zip = quarantine.receive_zip(as_zip(files))
    from_folder = quarantine.receive_files((f"lot 17/{name}", io.BytesIO(body)) for name, body in files.items())
    assert from_folder.received == from_zip.received
    assert from_folder.refused == ()


def test_a_top_folder_that_all_share_is_dropped(quarantine: Quarantine) -> None:
    files = {f"export/lot 17/{name}": body for name, body in lot().items()}
    delivery = quarantine.receive_zip(as_zip(files))
    assert [file.name for file in delivery.received] == [name.removeprefix("export/lot 17/") for name in files]
    mixed = {"manifest.csv": b"a\n", "images/vial.png": picture("PNG")}
    assert [file.name for file in quarantine.receive_zip(as_zip(mixed)).received] == list(mixed)


@pytest.mark.clause("11.10(h)")
def test_each_refused_file_is_named_and_nothing_is_stored_unless_chosen(
    quarantine: Quarantine, store: FileStore
) -> None:
    files = {**lot(corrupt=("M-002",)), "page.html": b"<html>", "__MACOSX/._x.jpg": b"\0"}
    broken = load_photographs("midazolam-30")[1].file
    delivery = quarantine.receive_zip(as_zip(files))
    assert {file.name: file.code for file in delivery.refused} == {
        broken: "records.upload.image_damaged",
        "page.html": "records.upload.type_not_allowed",
    }
    assert all(file.name in file.sentence for file in delivery.refused)
    assert delivery.ignored == ("__MACOSX/._x.jpg",)
    with pytest.raises(DeliveryIncomplete, match="2 of the delivered files"):
        quarantine.keep(delivery, store=store)
    assert not store.root.exists()
    assert len(quarantine.keep(delivery, store=store, accepts_incomplete=True)) == 6
    assert list(store.sweep()) == []


def test_a_delivery_can_be_found_again_by_another_process(quarantine: Quarantine) -> None:
    delivery = quarantine.receive_zip(as_zip(lot(corrupt=("M-001",))))
    assert Quarantine(quarantine.root).load(delivery.token) == delivery
    manifest = delivery.find("manifest.csv")
    assert manifest is not None
    assert quarantine.read(delivery, manifest).startswith(b"file,unit_id")
    assert delivery.find("nothing.csv") is None


@pytest.mark.parametrize("token", ["", "..", "0" * 31, "0" * 32, "../" + "0" * 29])
def test_an_unknown_delivery_is_not_found(quarantine: Quarantine, token: str) -> None:
    with pytest.raises(DeliveryUnknown):
        quarantine.load(token)


def test_keeping_twice_and_discarding_twice_do_no_harm(quarantine: Quarantine, store: FileStore) -> None:
    delivery = quarantine.receive_zip(as_zip(lot()))
    assert quarantine.keep(delivery, store=store) == quarantine.keep(delivery, store=store)
    quarantine.discard(delivery.token)
    quarantine.discard(delivery.token)
    assert list(quarantine.root.iterdir()) == []
    with pytest.raises(DeliveryUnknown):
        quarantine.keep(delivery, store=store)


@pytest.mark.clause("11.10(a)")
def test_a_file_changed_in_quarantine_is_not_kept(quarantine: Quarantine, store: FileStore) -> None:
    delivery = quarantine.receive_zip(as_zip(lot()))
    victim = delivery.received[3]
    path = quarantine.root / delivery.token / str(victim.number)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(FileHashMismatch):
        quarantine.read(delivery, victim)
    with pytest.raises(FileHashMismatch):
        quarantine.keep(delivery, store=store)
    assert not store.has(victim.sha256)


def test_quarantine_is_private_and_names_nothing(quarantine: Quarantine) -> None:
    delivery = quarantine.receive_zip(as_zip(lot()))
    folder = quarantine.root / delivery.token
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == {"report.json", *(str(n) for n in range(1, 8))}
    assert all(stat.S_IMODE((folder / str(n)).stat().st_mode) == 0o600 for n in range(1, 8))


def test_the_same_name_twice_in_a_folder_is_refused_once(quarantine: Quarantine) -> None:
    one, other = picture("PNG"), picture("PNG", (9, 9))
    delivery = quarantine.receive_files([("vial.png", io.BytesIO(one)), ("VIAL.PNG", io.BytesIO(other))])
    assert [file.name for file in delivery.received] == ["vial.png"]
    assert [file.code for file in delivery.refused] == ["records.upload.name_repeated"]


def test_limits_of_the_whole_delivery_leave_nothing(quarantine: Quarantine) -> None:
    files = lot()
    with pytest.raises(DeliveryTooManyFiles):
        quarantine.receive_files(((n, io.BytesIO(b)) for n, b in files.items()), limits=Limits(max_entries=6))
    with pytest.raises(DeliveryTooLarge):
        quarantine.receive_files(
            ((n, io.BytesIO(b)) for n, b in files.items()), limits=Limits(max_delivery_bytes=100_000)
        )
    with pytest.raises(DeliveryEmpty):
        quarantine.receive_files([])
    assert list(quarantine.root.iterdir()) == []


def test_a_refused_zip_leaves_nothing(quarantine: Quarantine) -> None:
    with pytest.raises(Exception, match="zip cannot be read"):
        quarantine.receive_zip(io.BytesIO(b"not a zip"))
    assert list(quarantine.root.iterdir()) == []


@pytest.mark.assurance("E6")
def test_a_full_disk_leaves_nothing(quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = os.open, 0

    def fail(*args: object, **kwargs: object) -> int:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*args, **kwargs)  # type: ignore[arg-type]

    content = as_zip(lot())
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fail)
        with pytest.raises(FileStoreFull):
            quarantine.receive_zip(content)
    assert list(quarantine.root.iterdir()) == []


def test_a_source_that_gives_few_bytes_at_a_time_is_received(quarantine: Quarantine) -> None:
    class Slow:
        def __init__(self, content: bytes) -> None:
            self._handle = io.BytesIO(content)

        def read(self, size: int = -1, /) -> bytes:
            return self._handle.read(7)

    content = picture("PNG")
    delivery = quarantine.receive_files([("vial.png", Slow(content))])
    assert delivery.received[0].size == len(content)


def test_stale_deliveries_are_removed_and_young_ones_stay(quarantine: Quarantine) -> None:
    old, young = (quarantine.receive_zip(as_zip(lot())) for _ in range(2))
    folder = quarantine.root / old.token
    os.utime(folder, (time.time() - 7200, time.time() - 7200))
    assert quarantine.remove_stale(older_than_seconds=3600) == 1
    assert quarantine.load(young.token) == young
    assert Quarantine(quarantine.root / "absent").remove_stale(older_than_seconds=0) == 0


def test_a_zip_packed_while_streaming_is_read(quarantine: Quarantine) -> None:
    """Packers that write to a pipe put sizes behind each entry."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.content = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            piece = bytes(data)  # type: ignore[call-overload]
            self.content += piece
            return len(piece)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as zipped:
        for number in range(3):
            zipped.writestr(f"{number}.png", picture("PNG", (20 + number, 20)))
    delivery = quarantine.receive_zip(io.BytesIO(bytes(pipe.content)))
    assert [file.width for file in delivery.received] == [20, 21, 22]


def test_folders_in_a_zip_are_no_files(quarantine: Quarantine) -> None:
    content = packed([("lot/", b""), ("lot/a.png", picture("PNG")), ("b.png", picture("PNG", (9, 9)))])
    delivery = quarantine.receive_zip(io.BytesIO(content))
    assert [file.name for file in delivery.received] == ["lot/a.png", "b.png"]
    assert delivery.ignored == ("lot/",)
