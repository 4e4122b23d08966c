"""A renewed certificate signs from now on, and what was signed under the older one still verifies."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from records.clock import now
from records.errors import ReasonMissing
from records.errors_vault import VaultDenied
from records.keys import FileKeyStore
from records.models import Event, Rendition
from records.outbox import work_off
from records.stores import file_store, key_store
from signatures import ca, renewal
from signatures.authority import (
    authority_certificates,
    authority_file,
    seal_bytes,
    seal_certificate,
    site_authority,
    trusted_anchors,
)
from signatures.checklist import verify_stored_signature
from signatures.errors_pki import CertificateNotRenewed
from signatures.models import Signature
from signatures.paths import validate_path
from signatures.pdf_verdicts import verify_seal
from signatures.renewal import renew_certificate
from tests.people import Crew, Person
from tests.signatures.papers import approved_paper
from tests.vaults import Vault

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(e)", "11.30", "11.70")]
REASON = "both end within a year"
ACT = "signatures.site_certificate.renewed"
BOTH = ("authority", "seal")


@pytest.fixture(autouse=True)
def files(settings: Settings, tmp_path: Path) -> None:
    settings.KEYS_ROOT = tmp_path / "keys"


def renewed() -> list[str]:
    return list(Event.objects.filter(act=ACT).order_by("id").values_list("details__name", flat=True))


def passes_openssl(data: bytes, cms: bytes, folder: Path) -> bool:
    """Tell whether openssl takes a detached CMS, knowing only the authority file of today."""
    for name, content in (("data", data), ("cms", cms), ("ca.pem", authority_file())):
        (folder / name).write_bytes(content)
    command: list[str | Path] = [
        "openssl",
        "cms",
        "-verify",
        "-binary",
        "-inform",
        "DER",
        "-purpose",
        "any",
        "-content",
        folder / "data",
    ]
    command += ["-in", folder / "cms", "-CAfile", folder / "ca.pem", "-out", folder / "out"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def test_signatures_and_seals_of_before_and_after_verify_here_and_with_openssl(
    crew: Crew, author: Person, reviewer: Person, qa_manager: Person, tmp_path: Path
) -> None:
    approved_paper(author, reviewer, qa_manager)
    work_off()
    sealed = seal_bytes(b"given out before", at=now())
    for name in BOTH:
        call_command("renew_certificate", name, "--reason", REASON)
    assert renewed() == list(BOTH)
    later = crew.add("lena", "reviewer")
    approved_paper(author, later, qa_manager)
    work_off()
    assert [verify_stored_signature(one).reasons for one in Signature.objects.all()] == [()] * 4
    assert len({verify.serial_number for verify in authority_certificates()}) == 2
    pdfs = [file_store().read_checked(row.file_id) for row in Rendition.objects.order_by("pk")]
    assert [verify_seal(pdf, anchors=trusted_anchors()).bottom_line for pdf in pdfs] == [True, True]
    assert passes_openssl(b"given out before", sealed, tmp_path)
    assert passes_openssl(b"given out after", seal_bytes(b"given out after", at=now()), tmp_path)
    assert not passes_openssl(b"given out otherwise", sealed, tmp_path), "negative control"


def test_the_authority_keeps_its_key_and_the_seal_gets_another(author: Person) -> None:
    authority, seal = site_authority().certificate, seal_certificate()
    for name in BOTH:
        renew_certificate(name, reason=REASON)
    assert site_authority().certificate.public_key() == authority.public_key()
    assert site_authority().certificate != authority
    assert seal_certificate().public_key() != seal.public_key()
    assert [event.details["ends"] for event in Event.objects.filter(act=ACT)] == [
        f"{made.not_valid_after_utc:%Y-%m-%d}" for made in (site_authority().certificate, seal_certificate())
    ]


def test_a_path_leads_to_the_authoritys_certificate_of_that_time(tmp_path: Path) -> None:
    store, born = FileKeyStore(tmp_path / "other"), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    old = ca.create_authority(store, key_name="root", organisation="Plant", site="North", at=born, days=100)
    early = ca.issue_personal_certificate(
        old, printed_name="Ana", username="ana", person_number="P-1", organisation="Plant", at=born, days=50
    ).certificate
    renewed_at = born + dt.timedelta(days=90)
    new = ca.Authority(store, "root", ca.renew_authority(old, at=renewed_at, days=100))
    after = born + dt.timedelta(days=120)
    late = ca.issue_personal_certificate(
        new, printed_name="Ben", username="ben", person_number="P-2", organisation="Plant", at=after, days=20
    ).certificate
    both = (old.certificate, new.certificate)
    assert validate_path(early, at=born + dt.timedelta(days=10), anchors=both).is_valid
    assert validate_path(late, at=after, anchors=both).is_valid
    assert not validate_path(late, at=after, anchors=both[:1]).is_valid, "negative control: its time is over"
    assert not validate_path(early, at=after, anchors=both).is_valid, "its own time is over"


def test_without_a_first_certificate_or_a_reason_nothing_is_renewed(author: Person, tmp_path: Path) -> None:
    with pytest.raises(CertificateNotRenewed, match="has none yet"):
        renew_certificate("seal", reason=REASON)
    with pytest.raises(CommandError, match="has none yet"):
        call_command("renew_certificate", "seal", "--reason", REASON)
    site_authority()
    with pytest.raises(ReasonMissing):
        renew_certificate("authority", reason=" ")
    assert len(authority_certificates()) == len(list((tmp_path / "keys").glob("site-authority-certificate*"))) == 1
    assert renewed() == []


def test_two_renewals_at_once_are_one(author: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    before = authority_certificates()
    renew_certificate("authority", reason=REASON)
    monkeypatch.setattr(renewal, "read_generations", lambda name: before)
    with pytest.raises(CertificateNotRenewed, match="at the same time"):
        renew_certificate("authority", reason=REASON)
    assert renewed() == ["authority"]


def test_a_renewal_that_died_half_way_goes_on_with_the_key_it_had_made(author: Person) -> None:
    seal_certificate()
    assert key_store().rotate_key("site-seal") == 2  # what a kill between key and certificate leaves
    sealed = seal_bytes(b"meanwhile", at=now())
    assert sealed
    renew_certificate("seal", reason=REASON)
    assert max(key_store().public_keys("site-seal")) == 2
    assert seal_certificate().public_key() == key_store().public_key("site-seal")


def test_what_is_sealed_after_a_rotation_in_the_store_still_belongs_to_its_certificate(tmp_path: Path) -> None:
    seal_certificate()
    key_store().rotate_key("site-seal")
    assert passes_openssl(b"a copy", seal_bytes(b"a copy", at=now()), tmp_path)


def test_in_vault_the_administrator_renews_and_the_web_may_not_make_a_new_key(
    vault: Vault, settings: Settings, tmp_path: Path
) -> None:
    vault.set_up("renewal")
    settings.VAULT = vault.access("web", "renewal")
    seal_certificate()
    with pytest.raises(VaultDenied):
        renew_certificate("seal", reason=REASON)
    assert renewed() == []
    settings.VAULT = vault.access("administrator", "renewal")
    for name in BOTH:
        renew_certificate(name, reason=REASON)
    settings.VAULT = vault.access("web", "renewal")
    assert passes_openssl(b"a copy", seal_bytes(b"a copy", at=now()), tmp_path)
    assert renewed() == list(BOTH)
    assert authority_certificates()[1].public_bytes(serialization.Encoding.PEM) in authority_file()
