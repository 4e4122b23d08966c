"""Renditions, seals and what independent tools say of them, for the tests of sealed documents."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

from records.pdf import EmbeddedFile, render_pdf
from signatures import ca
from signatures.certificates import pem_of
from signatures.pdf_seal import Seal, seal_pdf
from signatures.pdf_verdicts import SealVerdict
from tests.signatures.pki import AT, Site

FILES = (
    EmbeddedFile("record.json", b'{"number":"BR-2026-0007"}', "application/json", "Source"),
    EmbeddedFile("statement-1.json", b'{"meaning":"approval"}', "application/json"),
    EmbeddedFile("statement-1.p7s", b"\x30\x03\x02\x01\x01", "application/pkcs7-signature"),
)


def make_seal(site: Site) -> Seal:
    certificate = ca.issue_seal_certificate(
        site.authority, key_name="seal", organisation="Example Pharma", site="Basel", at=AT
    )
    return Seal(site.authority.store, "seal", certificate)


def rendition(number: int = 7, pages: int = 2) -> bytes:
    body = "".join(f"<p style='break-after: page'>Batch {number}, page {page}, Mei Itō</p>" for page in range(pages))
    html = f"<!doctype html><html lang=en><title>BR-{number}</title><body>{body}<p>Approved.</p>"
    return render_pdf(html, attachments=FILES, identifier=f"BR-{number}", created=AT)


def sealed_by(seal: Seal, pdf: bytes) -> bytes:
    return seal_pdf(pdf, seal=seal, organisation="Example Pharma", reason="True copy of BR-2026-0007", at=AT)


def codes(verdict: SealVerdict) -> set[str]:
    return {reason.code for reason in verdict.reasons}


def pdfsig(pdf: bytes) -> list[tuple[str, str]]:
    """Return what poppler says of each signature: coverage and validation."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        done = subprocess.run(
            ["pdfsig", "-nocert", file.name],
            capture_output=True,
            check=False,
            timeout=60,
            env={"PATH": os.environ["PATH"]},
        )
    verdicts = []
    for block in done.stdout.decode("utf-8", "replace").split("Signature #")[1:]:
        validation = re.search(r"Signature Validation: (.*)", block)
        total = re.search(r"(?:Not total|Total) document signed", block)
        verdicts.append((total.group() if total else "", validation.group(1).strip() if validation else ""))
    return verdicts


GOOD = [("Total document signed", "Signature is Valid.")]


def openssl_accepts(pdf: bytes, site: Site, folder: Path) -> bool:
    """Cut the signature out by its byte range and ask OpenSSL, as the documents tell an inspector to."""
    found = re.search(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]", pdf)
    assert found
    start, first, second, last = (int(number) for number in found.groups())
    (folder / "seal.p7s").write_bytes(bytes.fromhex(pdf[first + 1 : second - 1].decode()))
    (folder / "signed").write_bytes(pdf[start : start + first] + pdf[second : second + last])
    (folder / "ca.pem").write_bytes(pem_of([site.root]))
    done = subprocess.run(
        ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", folder / "seal.p7s", "-content",
         folder / "signed", "-CAfile", folder / "ca.pem", "-out", "/dev/null", "-attime", str(int(AT.timestamp()))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ("CMS Verification successful" in done.stderr) != ("CMS Verification failure" in done.stderr), done.stderr
    return done.returncode == 0


def signed_ranges(pdf: bytes) -> tuple[int, int]:
    """Return where the hexadecimal signature begins and ends."""
    found = re.search(rb"/ByteRange \[0 (\d+) (\d+) ", pdf)
    assert found
    return int(found.group(1)), int(found.group(2))
