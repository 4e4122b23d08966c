"""Journey e: an administrator goes from nothing to a proven backup, loses the machine, and brings it back."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from qms.backups.manifests import CHECKPOINT
from tests.journeys.pilot import SITE, Enrolling, Pilot, find_link, make_pilot, window

pytestmark = pytest.mark.e2e

JOB_SECONDS = 120
PEOPLE = {
    "sol": ("Sol Ortega", "Security officer"),
    "maria": ("Maria Chen", "QA manager"),
    "ana": ("Ana Silva", "Operator"),
}


def become_administrator(admin: Enrolling, pilot: Pilot) -> None:
    """Take the set-up token from the shell and enrol with password, device and recovery codes."""
    printed = pilot.run("setup_token", "ada", "Ada Minh", "ada@example.com")
    assert printed.returncode == 0, printed.stderr
    admin.enrol(find_link(printed.stdout))
    expect(admin.page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    admin.look("enrolled-administrator")
    again = pilot.run("setup_token", "eve", "Eve Other", "eve@example.com")
    assert again.returncode != 0
    admin.sign_in("ada")


def add_person(admin: Enrolling, username: str) -> str:
    """Add a person with a role; return their one-time link."""
    name, role = PEOPLE[username]
    page = admin.page
    admin.open("/people/add/")
    admin.fill(page.locator("#id_username"), username)
    admin.fill(page.locator("#id_printed_name"), name)
    admin.fill(page.locator("#id_email"), f"{username}@example.com")
    admin.go(admin.button("Add person"))
    admin.open(f"/people/{username}/roles/give/")
    page.locator("#id_role").select_option(label=role)
    admin.fill(page.locator("#id_reason"), "Needed for the pilot line.")
    admin.go(page.locator("main").locator("form button.btn-primary").first)
    admin.open(f"/people/{username}/")
    admin.go(admin.button("Make the one-time link"))
    return find_link(page.locator("#enrolment-link").inner_text())


def back_up_and_prove(admin: Enrolling) -> None:
    """Back up now and run the restore drill, each from the list with one click, until both are done."""
    page = admin.page
    admin.open("/system/backups/")
    expect(page.get_by_text("No backup yet.")).to_be_visible()
    admin.look("no-backup")
    admin.go(admin.button("Back up now"))
    expect(page.get_by_text("Not yet")).to_be_visible(timeout=JOB_SECONDS * 1000)
    expect(page.locator("#backup-jobs")).to_have_count(0, timeout=JOB_SECONDS * 1000)
    admin.open("/system/")
    admin.reset()
    admin.go(admin.button("Backups"))
    admin.go(admin.button(re.compile("Restore drill")))
    assert admin.clicks == 2
    expect(page.get_by_text("Verified", exact=True)).to_be_visible(timeout=JOB_SECONDS * 1000)
    admin.look("backup-list")
    admin.go(page.locator("main table").get_by_role("link").first)
    expect(page.get_by_text("Everything is there.")).to_be_visible()
    admin.look("backup-set")


def read_set(pilot: Pilot, admin: Enrolling) -> tuple[str, str]:
    """Return the set's signer from the page, and the passphrase that was kept in a safe place."""
    signer = admin.page.locator("div", has=admin.page.get_by_text("Signed by")).locator("[title]").last
    passphrase = (pilot.var / "keys" / "backup_passphrase").read_text(encoding="utf-8")
    return re.sub(r"[^0-9a-f]", "", str(signer.get_attribute("title"))), passphrase


@pytest.mark.clause("11.10(c)", "11.10(d)", "Annex 11 7.2", "11.300(b)")
@pytest.mark.assurance("R1")
def test_from_first_run_to_a_verified_restore(browser: Browser, tmp_path: Path) -> None:
    pilot = make_pilot(tmp_path, "pilot")
    with pilot.serving() as site, window(browser, site) as admin:
        become_administrator(admin, pilot)
        admin.go(admin.button("First run"))
        expect(admin.page.get_by_text("Nobody is qa manager yet.")).to_be_visible()
        admin.look("first-run")
        links = {username: add_person(admin, username) for username in PEOPLE}
        with window(browser, site) as officer:
            officer.enrol(links["sol"])
            officer.sign_in("sol")
        back_up_and_prove(admin)
        signer, passphrase = read_set(pilot, admin)
        admin.open("/system/")
        expect(admin.page.get_by_role("row", name=re.compile("Last verified restore.*passed"))).to_be_visible()
        admin.look("system")
        health = json.loads(admin.page.request.get("/healthz").text())
        assert {line["name"]: line["grade"] for line in health["lines"]}["Last backup"] == "good"
    last = pilot.run("backup")
    assert last.returncode == 0, last.stderr
    folder = Path(last.stdout.splitlines()[-1])
    kept = tmp_path / "off-site" / folder.name
    shutil.copytree(folder, kept)
    shutil.rmtree(pilot.var)

    place = make_pilot(tmp_path, "restored")
    words = ("restore", str(kept), "--signed-by", signer)
    refused = place.run(*words, typed="another name\n", BACKUP_PASSPHRASE=passphrase)
    assert "is not the installation's name. Nothing was restored." in refused.stderr
    restored = place.run(*words, typed=f"{SITE}\n", BACKUP_PASSPHRASE=passphrase)
    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert re.search(r"Recovery took \d+\.\d s", restored.stdout)
    with place.serving() as site, window(browser, site) as again:
        again.seed, again.last_step = admin.seed, admin.last_step
        again.sign_in("ada")
        again.open("/people/maria/")
        expect(again.page.get_by_text("Maria Chen").first).to_be_visible()
        again.open("/system/")
        expect(again.page.get_by_role("row", name=re.compile("Sealing of the ledger.* good"))).to_be_visible()
        verified = place.run("verify", "--json", "--checkpoint", str(kept / CHECKPOINT))
        assert (verified.returncode, json.loads(verified.stdout)["findings"]) == (0, [])
