"""Fifty damaged, incomplete, foreign or too new sets are refused before anything is written."""

from __future__ import annotations

import base64
import itertools
import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from qms import env
from qms.backups import manifests
from qms.backups.errors import SetDamaged, SetForeign, SetIncomplete, SetNotFound, SetTooNew
from qms.backups.making import sign
from qms.backups.restoring import Place, check_everything, restore_into
from qms.backups.trusting import trusted_signers
from records.canonical import canonical_bytes
from tests import servers
from tests.qms.backups.conftest import PASSPHRASE, Installation
from tests.qms.backups.shell import empty_machine

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.clause("11.10(c)"),
    pytest.mark.assurance("R2"),
]
DAMAGED = 50
Damage = Callable[[Path, random.Random], object]
REFUSED = (SetDamaged, SetForeign, SetIncomplete, SetNotFound, SetTooNew)


def members_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def write(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


def truncate(folder: Path, chance: random.Random, *, member: int) -> None:
    path = members_of(folder)[member % len(members_of(folder))]
    content = path.read_bytes()
    write(path, content[: chance.randrange(len(content))])


def flip(folder: Path, chance: random.Random, *, member: int) -> None:
    path = members_of(folder)[member % len(members_of(folder))]
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    write(path, bytes(content))


def remove(folder: Path, chance: random.Random, *, member: int) -> None:
    members_of(folder)[member % len(members_of(folder))].unlink()


def add(folder: Path, chance: random.Random, *, member: int) -> None:
    (members_of(folder)[member % len(members_of(folder))].parent / f"extra{member}").write_bytes(b"more")


def replace_by_link(folder: Path, chance: random.Random, *, member: int) -> None:
    path = members_of(folder)[member % len(members_of(folder))]
    kept = folder.parent / f"kept{member}"
    path.rename(kept)
    path.symlink_to(kept)


def resign(
    folder: Path, change: Callable[[dict[str, object]], object], *, key: Ed25519PrivateKey | None = None
) -> None:
    """Change the manifest and sign it again, with the installation's key or with another."""
    read = json.loads((folder / manifests.MANIFEST).read_bytes())
    change(read)
    data = canonical_bytes(read)
    write(folder / manifests.MANIFEST, data)
    old = json.loads((folder / manifests.SIGNATURE).read_bytes())
    public = key.public_key().public_bytes_raw() if key else base64.b64decode(old["public_key"])
    signed = manifests.sign_manifest(data, public=public, sign=key.sign if key else sign)
    write(folder / manifests.SIGNATURE, signed)


def alter_manifest(folder: Path, chance: random.Random, *, member: int) -> None:
    """Change what the manifest says and leave its signature."""
    read = json.loads((folder / manifests.MANIFEST).read_bytes())
    read["facts"]["newest_event"] += member + 1
    write(folder / manifests.MANIFEST, canonical_bytes(read))


def sign_by_another(folder: Path, chance: random.Random, *, member: int) -> None:
    resign(folder, lambda read: None, key=Ed25519PrivateKey.generate())


def come_from_the_future(folder: Path, chance: random.Random, *, member: int) -> None:
    resign(folder, lambda read: read["facts"]["migrations"].append(f"records.9{member:03d}_unknown"))  # type: ignore[index]


def have_another_format(folder: Path, chance: random.Random, *, member: int) -> None:
    resign(folder, lambda read: read.update(format="countersign-backup/2"))


def leave_the_dump_out(folder: Path, chance: random.Random, *, member: int) -> None:
    (folder / manifests.DUMP).unlink()
    resign(folder, lambda read: read.update(members=[row for row in read["members"] if row["path"] != manifests.DUMP]))  # type: ignore[attr-defined]


KINDS = (
    *(truncate, flip, remove, add, replace_by_link),
    *(alter_manifest, sign_by_another, come_from_the_future, have_another_format, leave_the_dump_out),
)


def damaged_copies(sound: Path, folder: Path, seed: int) -> Iterator[tuple[str, Path]]:
    """Yield copies of a set, each damaged in one way, on members that differ from copy to copy."""
    chance = random.Random(seed)
    for number, kind in zip(range(DAMAGED), itertools.cycle(KINDS), strict=False):
        copy = folder / f"{number:02d}" / sound.name
        shutil.copytree(sound, copy)
        kind(copy, chance, member=chance.randrange(10_000))
        yield f"{number} {kind.__name__}", copy


def test_every_damaged_set_is_refused_before_anything_is_written(
    installation: Installation, tmp_path: Path, randomly_seeded: int
):
    sound = Path(installation.back_up().folder)
    trusted = trusted_signers()
    taken: list[str] = []
    with empty_machine(tmp_path / "new") as machine:
        database = env.parse_database("owner", servers.address_of(servers.ROLES.owner, machine.database))
        place = Place(database, tmp_path / "new" / "files", tmp_path / "new" / "keys", keeps_rights=True)
        for what, copy in damaged_copies(sound, tmp_path / "sets", randomly_seeded):
            try:
                restore_into(place, check_everything(copy, trusted=trusted, passphrase=PASSPHRASE))
                taken.append(what)
            except REFUSED:
                pass
            assert machine.rows() == {}, what
            assert not (tmp_path / "new").exists(), what
            shutil.rmtree(copy.parent)
        assert taken == []
        restored = restore_into(place, check_everything(sound, trusted=trusted, passphrase=PASSPHRASE))
    assert restored.differences == []
