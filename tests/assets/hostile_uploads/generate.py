"""Generate the corpus: ``python -m tests.assets.hostile_uploads.generate FOLDER``.

One file a case, named by its number, and ``index.jsonl`` that says what each is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path

from tests.assets.hostile_uploads.archives import all_archives
from tests.assets.hostile_uploads.case import Case
from tests.assets.hostile_uploads.documents import all_documents
from tests.assets.hostile_uploads.pictures import all_pictures

INDEX = "index.jsonl"


def all_cases() -> Iterator[Case]:
    """Yield every hostile upload, one at a time, always the same."""
    yield from chain(all_pictures(), all_documents(), all_archives())


def write_corpus(folder: Path) -> None:
    """Write each case's bytes to a file, and the index."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / INDEX).open("w", encoding="utf-8") as index:
        for number, case in enumerate(all_cases()):
            (folder / str(number)).write_bytes(case.content)
            facts = {**asdict(case), "content": str(number), "marker": case.marker.hex()}
            index.write(json.dumps(facts) + "\n")


def read_corpus(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the index; ``content`` names the file, ``marker`` is hexadecimal."""
    with (folder / INDEX).open(encoding="utf-8") as index:
        yield from map(json.loads, index)


if __name__ == "__main__":
    write_corpus(Path(sys.argv[1]))
