"""Feed every hostile upload to the real checks, each in a child of its own, and report.

``python -m tests.assets.hostile_uploads.runner CORPUS FOLDER`` prints one JSON line a
case. The children are forked from this small process, so that their address space can
be limited to what it has plus 300 MB, their peak memory is their own, and a crash is seen
as one. Each child reads its own case.
"""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Literal

from PIL import Image

from records.errors import Refusal
from records.filestore import FileStore
from records.uploads.checks import CheckedFile, check_file
from records.uploads.deliveries import Quarantine
from records.uploads.images import make_copies
from records.uploads.kinds import EVIDENCE_KINDS, JPEG, PNG, by_magic
from tests.assets.hostile_uploads.case import NEUTRALISED, Case
from tests.assets.hostile_uploads.generate import read_corpus

ALLOWED_BYTES = 300_000_000
ALLOWED_SECONDS = 20


def limit_address_space() -> None:
    """Allow 300 MB above what is mapped now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + ALLOWED_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    signal.alarm(ALLOWED_SECONDS)


def judge(case: Case, folder: Path) -> str:
    """Return what became of a case, in the words of ``Case.expect``."""
    try:
        if case.how == "zip":
            return judge_delivery(case, folder)
        checked = check_file(io.BytesIO(case.content), name=case.name, allowed=EVIDENCE_KINDS)
    except Refusal as refusal:
        return short(refusal.code)
    return judge_copies(case, checked)


def judge_delivery(case: Case, folder: Path) -> str:
    """Receive a zip; a single kind of refusal, and only pictures that passed, may come out."""
    quarantine, store = Quarantine(folder / "quarantine"), FileStore(folder / "store")
    delivery = quarantine.receive_zip(io.BytesIO(case.content))
    quarantine.keep(delivery, store=store, accepts_incomplete=True)
    if list(store.sweep()):
        return "a stored file is wrong"
    codes = Counter(short(file.code) for file in delivery.refused)
    if len(codes) != 1:
        return f"refusals: {dict(codes)}, received: {[file.name for file in delivery.received]}"
    if not all(file.sentence.isprintable() and file.name.isprintable() for file in delivery.refused):
        return "a sentence holds hidden characters"
    return codes.popitem()[0]


def judge_copies(case: Case, checked: CheckedFile) -> str:
    """Make what browsers are shown, and look for the marker in it."""
    if not checked.kind.pillow:
        return NEUTRALISED
    copies = make_copies(io.BytesIO(case.content), kind=checked.kind)
    for kind, copy in ((PNG, copies.display), (JPEG, copies.thumbnail)):
        if by_magic(copy) is not kind or (case.marker and case.marker in copy):
            return f"the copy as {kind.label} carries the marker"
        with Image.open(io.BytesIO(copy)) as image:
            if image.info.keys() & {"exif", "icc_profile", "comment", "xmp"} or image.getexif():
                return f"the copy as {kind.label} carries metadata"
    return NEUTRALISED


def short(code: str) -> str:
    """Return a refusal's code without the prefix that all uploads share."""
    return code.removeprefix("records.upload.")


def load(facts: dict[str, str], corpus: Path) -> Case:
    """Return one case of the corpus."""
    how: Literal["file", "zip"] = "zip" if facts["how"] == "zip" else "file"
    content = (corpus / facts["content"]).read_bytes()
    return Case(facts["id"], how, facts["name"], content, facts["expect"], bytes.fromhex(facts["marker"]))


def run(facts: dict[str, str], corpus: Path, folder: Path) -> dict[str, object]:
    """Run one case in a forked child and return its verdict, processor time and peak memory."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        limit_address_space()
        verdict = "crashed"
        try:
            verdict = judge(load(facts, corpus), folder)
        except BaseException as error:  # noqa: BLE001  a crash must be reported, whatever it is
            verdict = f"crashed: {error!r}"
        os.write(writing, verdict.encode()[:4000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        verdict = pipe.read().decode()
    _, status, usage = os.wait4(child, 0)
    if status:
        verdict = f"killed with status {status}"
    return {
        "id": facts["id"],
        "expect": facts["expect"],
        "got": verdict,
        "seconds": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_mb": round(usage.ru_maxrss * 1024 / 1e6, 1),
    }


def main() -> int:
    """Run all cases, or those whose id contains the third argument."""
    corpus, folder = Path(sys.argv[1]), Path(sys.argv[2])
    wanted = sys.argv[3] if len(sys.argv) > 3 else ""
    for facts in read_corpus(corpus):
        if wanted in facts["id"]:
            sys.stdout.write(json.dumps(run(facts, corpus, folder)) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
