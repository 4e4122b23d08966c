"""What the product says about Part 11 without a rule of its own: the duty to certify, and what it does not store."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps

BASE_DIR = Path(__file__).resolve().parent.parent.parent
BIOMETRIC = re.compile(r"biometr|fingerprint_image|finger_template|\bface|iris_|retina|voice|palm")


def names_like_a_biometric(names: list[str]) -> list[str]:
    return [name for name in names if BIOMETRIC.search(name)]


@pytest.mark.clause("11.100(c)")
def test_the_administrators_guide_names_the_letter_that_the_company_owes():
    guide = (BASE_DIR / "docs" / "administrators-guide.md").read_text(encoding="utf-8")
    duty = guide.partition("11.100(c)")[2].partition("\n- ")[0]
    for word in ("FDA", "handwritten", "legally binding", "letter"):
        assert word in duty


@pytest.mark.clause("11.200(b)")
def test_no_column_holds_a_biometric_template():
    names = [f"{model._meta.db_table}.{row.column}" for model in apps.get_models() for row in model._meta.local_fields]
    assert len(names) > 500
    assert names_like_a_biometric(names) == []


def test_a_column_for_a_biometric_template_is_found():
    assert names_like_a_biometric(["accounts_user.face_template", "accounts_user.email"]) == [
        "accounts_user.face_template"
    ]
