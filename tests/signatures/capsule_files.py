"""Capsules in tests: built by the rules, checked as an inspector checks them, rewritten as a forger would."""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from signatures.capsules import verify as verifier
from signatures.capsules.building import VERIFIER, build_capsule
from signatures.capsules.scopes import CapsuleScope

Members = dict[str, bytes]
UNLISTED = ("manifest.json", "manifest.json.p7s")


@dataclass(frozen=True)
class Spoken:
    """What the verifier said as a command."""

    code: int
    text: str


def make_capsule(
    scope: CapsuleScope, *, given: Mapping[str, str] | None = None, at: dt.datetime | None = None
) -> bytes:
    """Build a capsule in memory."""
    target = io.BytesIO()
    build_capsule(target, scope, given=given, at=at)
    return target.getvalue()


def members_of(capsule: bytes) -> Members:
    """Return the members of a zip."""
    with zipfile.ZipFile(io.BytesIO(capsule)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(members: Mapping[str, bytes]) -> bytes:
    """Return a zip of members."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return target.getvalue()


def with_manifest(members: Members) -> Members:
    """Return members with a manifest that fits them, as a forger writes one; the seal cannot be made again."""
    facts = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for name, content in members.items()
        if name not in UNLISTED
    }
    return members | {"manifest.json": json.dumps({"schema": "countersign/manifest/1", "members": facts}).encode()}


def forge(capsule: bytes, alter: Callable[[Members], object]) -> bytes:
    """Return a capsule after a change of its members, under a manifest that fits."""
    members = members_of(capsule)
    alter(members)
    return pack(with_manifest(members))


def flip(content: bytes, place: int) -> bytes:
    """Return bytes with one bit of one of them changed."""
    changed = bytearray(content)
    changed[place] ^= 1
    return bytes(changed)


def judge(
    capsule: bytes, *, ca: bytes | None = None, log_key: str | None = None, witness_key: str | None = None
) -> verifier.Report:
    """Check a capsule in this process, which is faster; raises `verifier.Unusable` where it cannot be checked."""
    with tempfile.TemporaryDirectory() as folder:
        path, own = Path(folder, "capsule.zip"), Path(folder, "own.pem")
        path.write_bytes(capsule)
        own.write_bytes(ca or b"")
        given = argparse.Namespace(
            ca=str(own) if ca else None,
            log_key=[log_key] if log_key else None,
            witness_key=[witness_key] if witness_key else None,
        )
        return verifier.check_capsule(str(path), given, folder)


def wrong_beside_the_seal(report: verifier.Report) -> list[str]:
    """Return what is wrong, without what the manifest's own seal says."""
    return [line for line in report.wrong if not line.startswith("manifest.json, manifest.json.p7s")]


def run_verifier(capsule: bytes, *arguments: str, python: str = sys.executable) -> Spoken:
    """Run the verifier as a stranger does: alone in a folder, isolated, without site packages."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(VERIFIER, Path(folder, "verify.py"))
        Path(folder, "capsule.zip").write_bytes(capsule)
        done = subprocess.run(
            [python, "-I", "-S", "verify.py", "capsule.zip", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"]},
        )
    return Spoken(done.returncode, done.stdout + done.stderr)


def find_pythons() -> list[str]:
    """Return every Python from 3.9 on that this machine offers, this one first."""
    names = [sys.executable, *(f"python3.{minor}" for minor in range(9, 16)), "python3"]
    if shutil.which("pyenv"):
        listed = subprocess.run(["pyenv", "prefix", *pyenv_versions()], capture_output=True, text=True, check=False)
        names += [f"{folder}/bin/python" for folder in listed.stdout.strip().split(":") if folder]
    found: dict[str, None] = {}
    for name in names:
        question = "import sys; print(sys.version_info >= (3, 9) and sys.executable)"
        try:
            done = subprocess.run([name, "-I", "-c", question], capture_output=True, text=True, check=False)
        except OSError:
            continue
        if done.returncode == 0 and done.stdout.strip() != "False":
            found.setdefault(done.stdout.strip())
    return list(found)


def pyenv_versions() -> list[str]:
    """Return the versions that pyenv has."""
    done = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True, check=False)
    return [line.strip() for line in done.stdout.splitlines() if line.strip().startswith("3.")]
