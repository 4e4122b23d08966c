"""Rendering documents must not make the process accept damaged pictures."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

BASE_DIR = Path(__file__).resolve().parent.parent.parent
READ = """
import io, sys
{before}
from PIL import Image
Image.open(io.BytesIO(sys.stdin.buffer.read())).load()
"""


def read_in_new_process(before: str, picture: bytes) -> subprocess.CompletedProcess[bytes]:
    script = READ.format(before=before)
    return subprocess.run([sys.executable, "-c", script], cwd=BASE_DIR, input=picture, capture_output=True, check=False)


@pytest.fixture
def half_a_picture() -> bytes:
    whole = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(whole, "PNG")
    return whole.getvalue()[: len(whole.getvalue()) // 2]


@pytest.mark.assurance("D2")
@pytest.mark.clause("11.10(a)")
def test_a_truncated_picture_is_refused_after_a_document_was_rendered(half_a_picture: bytes):
    assert b"truncated" in read_in_new_process("from records import pdf", half_a_picture).stderr


def test_the_library_alone_would_have_accepted_it(half_a_picture: bytes):
    assert read_in_new_process("import weasyprint", half_a_picture).returncode == 0
