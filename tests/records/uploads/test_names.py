"""A file's name is kept only if it hides nothing and leads nowhere."""

from __future__ import annotations

import contextlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.errors_files import UploadNameUnsafe
from records.uploads.names import MAX_NAME, check_name, fold_name, is_system_file, show_name

ORDINARY = [
    "vial.jpg",
    "lot 17/vial 001.jpg",
    "2026-03-02T06_00_00.png",
    "Prüfbericht (final).pdf",
    "写真.png",
    "a/b/c/vial.jpg",
    ".hidden.csv",
    "consul.jpg",
    "v" * 196 + ".jpg",
]


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_names_are_kept(name: str) -> None:
    assert check_name(name) == name


def test_decomposed_letters_are_composed() -> None:
    assert check_name("vi\u0061\u0301l.png") == "vi\u00e1l.png"


def test_a_refusal_shows_the_name_without_what_it_hides() -> None:
    with pytest.raises(UploadNameUnsafe) as refused:
        check_name("vial\u202egnp.exe")
    assert "vial\\u202egnp.exe" in refused.value.text
    assert "hidden" in refused.value.text


def test_names_that_look_the_same_fold_to_the_same() -> None:
    assert fold_name("VIAL.png") == fold_name("vial.PNG") == fold_name("ｖial.png")
    assert fold_name("straße.png") == fold_name("STRASSE.png")


@pytest.mark.parametrize("name", ["__MACOSX/._vial.jpg", "lot/.DS_Store", "Thumbs.db"])
def test_files_of_operating_systems_are_known(name: str) -> None:
    assert is_system_file(name)
    assert not is_system_file("vial.jpg")


@given(st.text(max_size=260))
def test_what_is_accepted_stays_inside_and_prints(name: str) -> None:
    try:
        clean = check_name(name)
    except UploadNameUnsafe:
        return
    parts = clean.split("/")
    assert all(parts)
    assert not {".", ".."} & set(parts)
    assert not any(unicodedata.category(char).startswith("C") for char in clean)
    assert "\\" not in clean
    assert len(clean) <= MAX_NAME


@given(st.text(max_size=260))
def test_what_is_refused_is_told_in_printable_text(name: str) -> None:
    with contextlib.suppress(UploadNameUnsafe):
        check_name(name)
        return
    with pytest.raises(UploadNameUnsafe) as refused:
        check_name(name)
    assert refused.value.text.isprintable()


@given(st.text(max_size=3000))
def test_any_name_can_be_shown(name: str) -> None:
    shown = show_name(name)
    assert shown.isprintable()
    assert len(shown) <= 120
