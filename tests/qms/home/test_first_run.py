"""The first run's steps test themselves: what is missing is named, what was done is found again."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from django.urls import reverse
from pytest_django.fixtures import Settings

from qms.accounts.recovery import cancel_recovery_codes
from qms.home import first_run
from qms.home.first_run import Step, check_steps, next_step
from records.acting import acting
from records.evidence import system_actor
from tests.people import Crew, Person

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(a)", "11.10(c)", "11.10(d)")]
TITLES = [
    *("Administrator", "Names and time zone", "Signing certificate of the site", "Storage", "Backup"),
    *("People and roles", "Health"),
]


def step(title: str) -> Step:
    return next(found for found in check_steps() if found.title == title)


def test_every_step_is_there_and_the_first_open_one_is_marked(administrator: Person):
    assert [found.title for found in check_steps()] == TITLES
    page = administrator.client().get(reverse("home:first-run")).content.decode()
    assert page.count('aria-current="step"') == 1
    assert "Set ORGANISATION" in page
    assert "There is no backup yet: back up now." in page


def test_an_administrator_without_recovery_codes_is_not_done(crew: Crew):
    assert step("Administrator").is_done
    with acting(system_actor("tests"), "accounts.device.tested", details={"person": "administrator"}):
        cancel_recovery_codes(crew.administrator.user)
    assert not step("Administrator").is_done


@pytest.mark.parametrize("name", ["ORGANISATION", "SITE_NAME", "SITE_TIME_ZONE"])
def test_names_are_done_once_organisation_site_and_zone_were_all_chosen(db: None, settings: Settings, name: str):
    settings.NAMES_LEFT = []
    assert step("Names and time zone").is_done
    settings.NAMES_LEFT = [name]
    assert step("Names and time zone").faults == (f"Set {name}, then start again: nobody chose them yet.",)


def test_the_authority_signs_a_test_and_shows_its_fingerprint(db: None):
    found = step("Signing certificate of the site")
    assert found.is_done
    assert found.found[0].startswith("SHA-256 ")
    assert len(found.found[0].removeprefix("SHA-256 ")) == 64


def test_a_folder_that_cannot_be_written_is_named(db: None, settings: Settings, tmp_path: Path):
    settings.FILES_ROOT = tmp_path / "occupied"
    settings.FILES_ROOT.write_text("a file where the folder should be")
    found = step("Storage")
    assert not found.is_done
    assert "Files:" in found.faults[0]


def test_people_are_done_when_every_role_of_the_first_signature_is_held(crew: Crew):
    assert step("People and roles").faults == (
        "Nobody is qa manager yet.",
        "Nobody is operator yet.",
        "Two security officers are needed, so that one can re-enrol the other.",
    )
    for username, role in (("maria", "qa_manager"), ("ana", "operator"), ("sam", "security_officer")):
        crew.add(username, role, can_sign=False)
    assert step("People and roles").is_done


def test_the_next_step_is_the_first_that_is_not_done():
    done, left = Step("a", (), ()), Step("b", (), ("missing",))
    assert next_step([done, left, done]) == 2
    assert next_step([done, done]) == 3


def test_a_backup_target_without_a_schedule_or_a_passphrase_says_so(db: None, settings: Settings, tmp_path: Path):
    settings.BACKUP = dataclasses.replace(settings.BACKUP, root=tmp_path / "backups", passphrase="", daily_at=None)
    faults = " ".join(first_run.check_backup_target().faults)
    assert "BACKUP_PASSPHRASE_FILE" in faults
    assert "BACKUP_DAILY_AT" in faults
    assert list((tmp_path / "backups").iterdir()) == []
