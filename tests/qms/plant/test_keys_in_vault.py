"""The site with its keys and secrets in Vault: it starts, people sign, and a sealed Vault leaves nothing half done."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from qms.plant.checks import find_vault_faults
from records.models import Event, Rendition
from records.outbox import work_off
from records.vault import VaultKeyStore
from records.vault_session import VaultAccess
from records.verifying.runs import run_checks
from signatures.authority import seal_certificate
from signatures.checklist import verify_stored_signature
from signatures.models import Signature
from tests.people import Crew, Person
from tests.qms.plant.test_settings_refusals import PRODUCTION, STRONG_KEY
from tests.servers import BASE_DIR
from tests.signatures.browsers import browser_of
from tests.signatures.papers import reread, sign, submitted_paper
from tests.vaults import Vault

MOUNT = "site"


@pytest.fixture(scope="module")
def prepared(vault_server: Vault) -> str:
    """Run the shipped set-up for a mount of another name than the usual one."""
    return vault_server.set_up(MOUNT)


@pytest.fixture
def keys_in_vault(vault: Vault, prepared: str, settings: Settings, tmp_path: Path) -> Vault:
    """Let this process keep its keys in Vault, as the web's role."""
    settings.VAULT = vault.access("web", MOUNT)
    settings.KEYS_ROOT = tmp_path / "keys"
    return vault


@pytest.fixture
def people(keys_in_vault: Vault, crew: Crew) -> tuple[Person, Person]:
    """Return an author and a reviewer who were enrolled and certified with the keys in Vault."""
    return crew.add("vera", "operator"), crew.add("rolf", "reviewer")


def open_page(desk: Client, number: str) -> str:
    answer = desk.post(reverse("signing:open", args=[number, "approve"]))
    assert answer.status_code == 302, answer.content.decode()
    return answer.headers["Location"]


def form_of(person: Person) -> dict[str, str]:
    typed = {"decision": "sign", "username": person.username, "reason": "", "password": person.password}
    return typed | {"code": person.code()}


@pytest.mark.django_db
@pytest.mark.clause("11.30", "11.70")
def test_a_person_signs_and_everything_verifies_with_no_key_on_this_machine(
    people: tuple[Person, Person], crew: Crew, settings: Settings
) -> None:
    author, reviewer = people
    quinn = crew.add("quinn", "qa_manager")
    desk, paper = browser_of(reviewer), submitted_paper(author)
    answer = desk.post(open_page(desk, paper.number), form_of(reviewer))
    assert answer.status_code == 302, answer.content.decode()
    sign(quinn, reread(paper))
    work_off()
    assert [verify_stored_signature(signature).reasons for signature in Signature.objects.all()] == [(), ()]
    assert Rendition.objects.count() == 1
    assert not run_checks().findings
    assert not Path(settings.KEYS_ROOT).exists()


@pytest.mark.django_db
@pytest.mark.clause("11.30", "11.300(c)")
def test_keys_rotated_in_vault_itself_leave_the_certificates_at_work(
    people: tuple[Person, Person], crew: Crew, keys_in_vault: Vault
) -> None:
    author, reviewer = people
    quinn = crew.add("quinn", "qa_manager")
    paper = submitted_paper(author)
    signature = sign(reviewer, paper)
    seal_certificate()
    for key in ("site-authority", "site-seal"):
        keys_in_vault.client.secrets.transit.rotate_key(key, mount_point=f"{MOUNT}-transit")
    assert verify_stored_signature(signature).bottom_line
    assert verify_stored_signature(sign(quinn, reread(paper))).bottom_line
    work_off()
    assert Rendition.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.assurance("E7")
@pytest.mark.clause("11.10(a)", "11.30")
def test_a_vault_sealed_while_somebody_signs_leaves_nothing_half_done(
    people: tuple[Person, Person], keys_in_vault: Vault
) -> None:
    author, reviewer = people
    desk = browser_of(reviewer)
    page, typed = open_page(desk, submitted_paper(author).number), form_of(reviewer)
    last = Event.objects.latest("id").id
    keys_in_vault.seal()
    answer = desk.post(page, typed)
    assert answer.status_code == 503
    assert "is sealed" in answer.content.decode()
    assert not Signature.objects.exists()
    failed = Event.objects.get(id__gt=last)
    assert (failed.act, failed.details["code"]) == ("signatures.ceremony.failed", "records.vault_sealed")
    keys_in_vault.unseal()
    answer = desk.post(page, typed)
    assert answer.status_code == 302, answer.content.decode()
    assert verify_stored_signature(Signature.objects.get()).bottom_line


@pytest.mark.django_db
def test_the_system_page_says_where_the_keys_are_and_what_is_wrong(
    people: tuple[Person, Person], crew: Crew, keys_in_vault: Vault
) -> None:
    browser = crew.administrator.client()
    page = browser.get(reverse("home:system")).content.decode()
    assert f"Vault at {keys_in_vault.address}, answers; token for" in page
    keys_in_vault.seal()
    page = browser.get(reverse("home:system")).content.decode()
    assert "must unseal it" in page


# The start ---------------------------------------------------------------------------------------


def environment_of(vault: Vault, folder: Path, process: str = "web", **changes: str) -> dict[str, str]:
    """Return the environment of a process that keeps its secrets in Vault."""
    secret_id = folder / "secret-id"
    secret_id.touch(mode=0o600)
    secret_id.write_text(vault.issue_secret_id(f"{MOUNT}-{process}") + "\n")
    return {
        "PATH": os.environ["PATH"],
        "VAR": str(folder),
        **{name: value for name, value in PRODUCTION.items() if name != "SECRET_KEY"},
        "DATABASE_URL": "postgres://countersign_app@db.example.com/countersign?sslmode=verify-full",
        "KEY_STORE": "vault",
        "VAULT_ADDR": vault.address,
        "VAULT_CA": vault.ca_file,
        "VAULT_MOUNT": MOUNT,
        "VAULT_ROLE_ID": vault.role_id(f"{MOUNT}-{process}"),
        "VAULT_SECRET_ID_FILE": str(secret_id),
        **changes,
    }


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )


SHOW = (
    "-c",
    "from qms import settings, settings_keys as k; d = settings.DATABASES;"
    "print(settings.SECRET_KEY, {a: v['PASSWORD'] for a, v in d.items()}, k.read_granted_secret('S3_SECRET_KEY'))",
)


@pytest.fixture(scope="module")
def passwords(vault_server: Vault, prepared: str) -> dict[str, str]:
    """Put the secret settings into Vault, as the administrator's guide says."""
    made = {
        "secret-key": STRONG_KEY,
        "database-default-password": "p@ss/" + secrets.token_urlsafe(16),
        "database-sealer-password": secrets.token_urlsafe(16),
        "s3-secret-key": secrets.token_urlsafe(16),
    }
    vault_server.wake()
    for name, value in made.items():
        vault_server.client.secrets.kv.v2.create_or_update_secret(
            f"settings/{name}", {"value": value}, mount_point=MOUNT
        )
    return made


@pytest.mark.assurance("F1")
@pytest.mark.clause("11.10(d)")
def test_each_process_gets_its_own_secrets_and_no_others(
    vault: Vault, passwords: dict[str, str], tmp_path: Path
) -> None:
    web = run(environment_of(vault, tmp_path), *SHOW)
    assert web.returncode == 0, web.stderr
    default = {"default": passwords["database-default-password"]}
    assert web.stdout == f"{STRONG_KEY} {default} None\n"
    address = "postgres://countersign_sealer@db.example.com/countersign?sslmode=verify-full"
    sealer = run(environment_of(vault, tmp_path, "sealer", SEALER_DATABASE_URL=address), *SHOW)
    both = default | {"sealer": passwords["database-sealer-password"]}
    assert sealer.stdout == f"{STRONG_KEY} {both} {passwords['s3-secret-key']}\n", sealer.stderr
    greedy = run(environment_of(vault, tmp_path, "web", SEALER_DATABASE_URL=address), *SHOW)
    assert greedy.returncode != 0
    assert "DATABASE_SEALER_PASSWORD could not be read" in greedy.stderr


@pytest.mark.assurance("F1")
@pytest.mark.clause("11.10(d)")
def test_the_deployment_check_finds_nothing_and_what_is_wrong(
    vault: Vault, passwords: dict[str, str], tmp_path: Path
) -> None:
    environment = environment_of(vault, tmp_path)
    checked = run(environment, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert checked.returncode == 0, checked.stderr
    file = tmp_path / "secret-id"
    access = vault.access("web", MOUNT, secret_id_file=str(file))
    assert faults_of(access) == []
    file.chmod(0o644)
    assert faults_of(access) == ["countersign.W010"]
    file.chmod(0o600)
    role = f"{MOUNT}-web"
    vault.client.auth.approle.create_or_update_approle(role, token_policies=[role, f"{MOUNT}-sealer"])
    try:
        assert faults_of(access) == ["countersign.W011"]
    finally:
        vault.client.auth.approle.create_or_update_approle(role, token_policies=[role])
    vault.seal()
    assert faults_of(access) == ["countersign.E010"]


def faults_of(access: VaultAccess) -> list[str]:
    return [str(fault.id) for fault in find_vault_faults(VaultKeyStore(access))]


@pytest.mark.assurance("B6", "F1")
def test_a_start_without_vault_stops_with_a_sentence_and_tells_no_secret(
    vault: Vault, passwords: dict[str, str], tmp_path: Path
) -> None:
    environment = environment_of(vault, tmp_path, LOG_LEVEL="DEBUG")
    vault.seal()
    stopped = run(environment, *SHOW)
    vault.unseal()
    assert "ImproperlyConfigured: DATABASE_DEFAULT_PASSWORD could not be read" in stopped.stderr
    assert "is sealed" in stopped.stderr
    assert (tmp_path / "secret-id").read_text().strip() not in stopped.stderr
    (tmp_path / "secret-id").write_text("9a8b7c6d-wrong")
    refused = run(environment, *SHOW)
    assert "refused the role id or the secret id" in refused.stderr
    assert "9a8b7c6d-wrong" not in refused.stderr


@pytest.mark.assurance("B6")
def test_the_set_up_prints_no_secret(vault: Vault, prepared: str) -> None:
    assert "site-web: VAULT_ROLE_ID=" in prepared
    assert vault.root_token not in prepared
    assert vault.set_up(MOUNT).count("VAULT_ROLE_ID=") == 4, "it can be run again"
