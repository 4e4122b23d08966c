"""Forged and altered copies of sealed renditions: every one is flagged, by us and by an independent tool (B7)."""

from __future__ import annotations

import io
import os
import random
import re
from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signatures.errors_pki import SealFailed
from signatures.pdf_seal import Seal
from signatures.pdf_verdicts import verify_pdf_signatures, verify_seal
from tests.signatures.pdfs import GOOD, codes, make_seal, openssl_accepts, pdfsig, rendition, sealed_by, signed_ranges
from tests.signatures.pki import Site, make_site

pytestmark = [pytest.mark.assurance("B7"), pytest.mark.clause("11.10(a)"), pytest.mark.clause("11.70")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def seal(site: Site) -> Seal:
    return make_seal(site)


@pytest.fixture(scope="module")
def plain() -> bytes:
    return rendition()


@pytest.fixture(scope="module")
def sealed(seal: Seal, plain: bytes) -> bytes:
    return sealed_by(seal, plain)


def flip_covered_byte(pdf: bytes, chance: random.Random) -> bytes:
    first, second = signed_ranges(pdf)
    position = chance.choice([chance.randrange(first), chance.randrange(second, len(pdf))])
    return pdf[:position] + bytes([pdf[position] ^ chance.randrange(1, 256)]) + pdf[position + 1 :]


def flip_byte_of_signature(pdf: bytes, chance: random.Random) -> bytes:
    first, second = signed_ranges(pdf)
    position = chance.randrange(first, second)
    return pdf[:position] + bytes([pdf[position] ^ chance.randrange(1, 256)]) + pdf[position + 1 :]


def swap_blocks(pdf: bytes, chance: random.Random) -> bytes:
    first, _ = signed_ranges(pdf)
    size = chance.randrange(1, 40)
    one, other = sorted(chance.sample(range(20, first - 60), 2))
    other = max(other, one + size)
    a, b = pdf[one : one + size], pdf[other : other + size]
    altered = pdf[:one] + b + pdf[one + size : other] + a + pdf[other + size :]
    return altered if altered != pdf else pdf[:one] + bytes([pdf[one] ^ 1]) + pdf[one + 1 :]


def cut_off_the_end(pdf: bytes, chance: random.Random) -> bytes:
    return pdf[: -chance.randrange(1, 600)]


def append_bytes(pdf: bytes, chance: random.Random) -> bytes:
    return pdf + chance.choice([b"\n", b"\0", b"%%EOF\n", b"% a note\n", chance.randbytes(50)])


def append_update(pdf: bytes, chance: random.Random) -> bytes:
    """Add a revision that paints over a page, as a PDF editor does."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    text = f"BT /F1 20 Tf 100 {chance.randrange(700)} Td (REJECTED) Tj ET".encode()
    writer.add_stream_to_page(chance.randrange(2), writer.add_object(generic.StreamObject(stream_data=text)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def exchange_embedded_file(pdf: bytes, chance: random.Random) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    spec = writer.root["/Names"]["/EmbeddedFiles"]["/Names"][1]
    forged = generic.StreamObject(stream_data=b'{"number":"BR-%d"}' % chance.randrange(10**6))
    spec["/EF"][generic.NameObject("/F")] = writer.add_object(forged)
    writer.update_container(spec)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def rewrite(pdf: bytes, change: Callable[[pypdf.PdfWriter], object]) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def swap_pages(pdf: bytes, chance: random.Random) -> bytes:
    def change(writer: pypdf.PdfWriter) -> None:
        kids = writer.root_object["/Pages"]["/Kids"]  # type: ignore[index]
        kids.insert(chance.randrange(2), kids.pop())

    return rewrite(pdf, change)


def remove_signature(pdf: bytes, chance: random.Random) -> bytes:
    return rewrite(pdf, lambda writer: (writer.root_object.pop("/AcroForm"), chance.random()))


def go_back_to_the_draft(pdf: bytes, chance: random.Random) -> bytes:
    ends = [match.end() for match in re.finditer(rb"%%EOF\n?", pdf)]
    return pdf[: ends[-2]]


def blank_signature(pdf: bytes, chance: random.Random) -> bytes:
    first, second = signed_ranges(pdf)
    return pdf[: first + 1] + b"0" * (second - first - 2) + pdf[second - 1 :]


def shrink_byte_range(pdf: bytes, chance: random.Random) -> bytes:
    found = re.search(rb"/ByteRange \[0 \d+ \d+ (\d+)\]", pdf)
    assert found
    shorter = str(int(found.group(1)) - chance.randrange(1, 99)).encode().rjust(len(found.group(1)), b"0")
    return pdf[: found.start(1)] + shorter + pdf[found.end(1) :]


SEEN_BY_BOTH = (
    flip_covered_byte, flip_covered_byte, swap_blocks, cut_off_the_end, append_bytes, append_update,
    exchange_embedded_file, swap_pages, remove_signature, go_back_to_the_draft, blank_signature, shrink_byte_range,
)  # fmt: skip
"""The first kind counts twice, being the commonest accident."""


def assert_all_flagged(site: Site, originals: list[bytes], count: int) -> None:
    seed = int(os.environ.get("SEED", "20261122"))
    chance = random.Random(seed)
    ours, theirs = [], []
    for number in range(count):
        kind = SEEN_BY_BOTH[number % len(SEEN_BY_BOTH)]
        altered = kind(chance.choice(originals), chance)
        assert altered not in originals
        if verify_seal(altered, anchors=[site.root]).bottom_line:
            ours.append(f"{number} {kind.__name__}")
        if pdfsig(altered) == GOOD:
            theirs.append(f"{number} {kind.__name__}")
    assert (ours, theirs) == ([], []), f"not flagged, with seed {seed}"


def assert_no_false_alarm(site: Site, originals: list[bytes]) -> None:
    assert [
        number for number, pdf in enumerate(originals) if not verify_seal(pdf, anchors=[site.root]).bottom_line
    ] == []
    assert [number for number, pdf in enumerate(originals) if pdfsig(pdf) != GOOD] == []


def test_altered_copies_are_all_flagged_by_us_and_by_an_independent_tool(site: Site, seal: Seal) -> None:
    originals = [sealed_by(seal, rendition(number)) for number in range(5)]
    assert_no_false_alarm(site, originals)
    assert_all_flagged(site, originals, 60)


@pytest.mark.slow
def test_a_thousand_altered_copies_are_flagged_and_a_hundred_good_ones_are_not(site: Site, seal: Seal) -> None:
    originals = [sealed_by(seal, rendition(number, pages=1 + number % 5)) for number in range(100)]
    assert_no_false_alarm(site, originals)
    assert_all_flagged(site, [pdf for pdf in originals if pypdf.PdfReader(io.BytesIO(pdf)).get_num_pages() > 2], 1000)


def test_no_altered_byte_of_the_seal_itself_leaves_it_good(site: Site, sealed: bytes) -> None:
    chance = random.Random(7)
    for _ in range(250):
        assert not verify_seal(flip_byte_of_signature(sealed, chance), anchors=[site.root]).bottom_line


@pytest.mark.slow
def test_no_flipped_bit_anywhere_in_the_seal_leaves_it_good(site: Site, sealed: bytes) -> None:
    first, second = signed_ranges(sealed)
    survivors = [
        (position, bit)
        for position in range(first, second)
        for bit in range(8)
        if verify_seal(
            sealed[:position] + bytes([sealed[position] ^ 1 << bit]) + sealed[position + 1 :], anchors=[site.root]
        ).bottom_line
    ]
    assert survivors == []


def test_an_altered_copy_sealed_anew_by_an_impostor_is_flagged(site: Site, plain: bytes, tmp_path: Path) -> None:
    forged = sealed_by(make_seal(make_site(tmp_path)), plain.replace(b"BR-7", b"BR-8"))
    verdict = verify_seal(forged, anchors=[site.root])
    assert codes(verdict) == {"untrusted"}
    assert not openssl_accepts(forged, site, tmp_path)


def test_a_sealed_document_cannot_be_sealed_again(site: Site, seal: Seal, sealed: bytes) -> None:
    with pytest.raises(SealFailed):
        sealed_by(seal, sealed)
    assert verify_seal(sealed, anchors=[site.root]).bottom_line


def test_negative_control_coverage_alone_would_miss_a_changed_byte_and_integrity_alone_an_update(
    site: Site, sealed: bytes
) -> None:
    chance = random.Random(1)
    flipped = verify_pdf_signatures(flip_covered_byte(sealed, chance), anchors=[site.root])
    updated = verify_pdf_signatures(append_update(sealed, chance), anchors=[site.root])
    assert [one.is_intact for one in updated] == [True]
    assert [one.covers_whole_document for one in updated] == [False]
    assert all(not one.is_intact for one in flipped)
