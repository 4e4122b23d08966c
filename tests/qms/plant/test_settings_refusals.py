"""Unsafe settings stop the start with a sentence that names the variable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import BASE_DIR

STRONG_KEY = "kD8-qw3Zx_7Lm2Pv9Rt5Ys1Bn6Hc4Gf0Je8Ua3Io7Wd2Xz5Vb9"
PRODUCTION = {
    "SECRET_KEY": STRONG_KEY,
    "DATABASE_URL": "postgres://countersign_app:kD8qw3Zx7Lm2Pv9Rt5@db.example.com/countersign?sslmode=verify-full",
    "REDIS_URL": "rediss://broker.example.com:6379/0",
    "SITE_URL": "https://qms.example.com",
    "BIND": "0.0.0.0",
}
REFUSED = [
    ("DEBUG on a public address", {"DEBUG": "1"}, "DEBUG"),
    ("DEBUG behind a public name", {"DEBUG": "1", "BIND": "127.0.0.1"}, "DEBUG"),
    ("DEMO on every address", {"DEMO": "1", "SITE_URL": "http://127.0.0.1:8000"}, "DEMO"),
    ("DEMO under a public name", {"DEMO": "1", "BIND": "127.0.0.1"}, "DEMO"),
    ("no key", {"SECRET_KEY": ""}, "SECRET_KEY"),
    ("a short key", {"SECRET_KEY": "kD8-qw3Zx_7Lm2Pv9Rt5"}, "SECRET_KEY"),
    ("a uniform key", {"SECRET_KEY": "abcd" * 20}, "SECRET_KEY"),
    ("an example key", {"SECRET_KEY": "django-insecure-" + STRONG_KEY}, "SECRET_KEY"),
    ("every host", {"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
    ("every host below a name", {"ALLOWED_HOSTS": ".example.com"}, "ALLOWED_HOSTS"),
    ("plain HTTP", {"SITE_URL": "http://qms.example.com"}, "SITE_URL"),
    ("another database", {"DATABASE_URL": "sqlite:///tmp/db"}, "PostgreSQL"),
    (
        "a default database password",
        {"DATABASE_URL": "postgres://app:postgres@db.example.com/x?sslmode=verify-full"},
        "default password",
    ),
    (
        "the role name as its password",
        {"DATABASE_URL": "postgres://countersign_app:countersign_app@db.example.com/x?sslmode=require"},
        "default password",
    ),
    (
        "an unencrypted database connection",
        {"DATABASE_URL": "postgres://app:kD8qw3Zx7Lm2@db.example.com/x"},
        "sslmode",
    ),
    (
        "serving as the role that owns the tables",
        {"OWNER_DATABASE_URL": PRODUCTION["DATABASE_URL"]},
        "owner",
    ),
    ("a broker of another protocol", {"REDIS_URL": "amqp://guest@broker/"}, "REDIS_URL"),
    ("a flag that is neither yes nor no", {"DEBUG": "maybe"}, "DEBUG"),
    ("a port that is no number", {"PORT": "http"}, "PORT"),
    ("a bind address that is a name", {"BIND": "qms.example.com"}, "BIND"),
    ("an unknown key store", {"KEY_STORE": "disk"}, "KEY_STORE"),
    ("a key store without an address", {"KEY_STORE": "vault"}, "VAULT_ADDR"),
    ("an authority by another protocol", {"TSA_URL": "ftp://tsa.example.com/"}, "TSA_URL"),
    ("an authority's password in its address", {"TSA_URL": "https://me:secret@tsa.example.com/"}, "TSA_URL"),
    ("an authority nobody vouches for", {"TSA_URL": "https://tsa.example.com/"}, "TSA_CA"),
    ("roots of an authority that are not there", {"TSA_CA": "/nowhere/roots.pem"}, "TSA_CA"),
    ("roots of an authority that are none", {"TSA_CA": __file__}, "TSA_CA"),
    ("a policy that is no identifier", {"TSA_POLICY": "gold"}, "TSA_POLICY"),
]


def load_settings(folder: Path, changes: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "VAR": str(folder), **PRODUCTION, **changes}
    return subprocess.run(
        [sys.executable, "-c", "from qms import settings; print(settings.SESSION_COOKIE_NAME)"],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.assurance("F1")
@pytest.mark.clause("11.10(d)")
def test_safe_production_settings_load(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path, {})
    assert (loaded.returncode, loaded.stdout) == (0, "__Host-session\n"), loaded.stderr


@pytest.mark.assurance("F1")
@pytest.mark.clause("11.10(d)")
@pytest.mark.parametrize(("changes", "named"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_unsafe_settings_refuse_the_start(changes: dict[str, str], named: str, tmp_path: Path) -> None:
    loaded = load_settings(tmp_path, changes)
    assert loaded.returncode != 0
    said = loaded.stderr.strip().splitlines()[-1]
    assert "ImproperlyConfigured" in said
    assert named in said


@pytest.mark.assurance("F1")
def test_a_refusal_tells_no_secret(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path, {"SECRET_KEY": "kD8-qw3Zx_7Lm2Pv9Rt5"})
    assert "kD8-qw3Zx_7Lm2Pv9Rt5" not in loaded.stderr


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text(STRONG_KEY + "\n")
    environment = {name: value for name, value in PRODUCTION.items() if name != "SECRET_KEY"}
    loaded = subprocess.run(
        [sys.executable, "-c", "from qms import settings; print(settings.SECRET_KEY)"],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], "VAR": str(tmp_path), **environment, "SECRET_KEY_FILE": str(secret)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.stdout == STRONG_KEY + "\n", loaded.stderr


@pytest.mark.assurance("F1")
def test_the_deployment_check_finds_nothing(tmp_path: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], "VAR": str(tmp_path), **PRODUCTION},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout


def test_what_names_nobody_chose_is_known_and_utc_may_be_a_choice(tmp_path: Path) -> None:
    def left(**given: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", "from qms import settings; print(settings.NAMES_LEFT)"],
            cwd=BASE_DIR,
            env={"PATH": os.environ["PATH"], "VAR": str(tmp_path), **PRODUCTION, **given},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    assert left(ORGANISATION="Alpine Vials AG", SITE_NAME=" ") == "['SITE_NAME', 'SITE_TIME_ZONE']"
    assert left(ORGANISATION="Alpine Vials AG", SITE_NAME="Alpine QMS", SITE_TIME_ZONE="UTC") == "[]"
