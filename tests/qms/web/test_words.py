"""Digests in groups and words found: pieces that always add up to the text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qms.web import words

TEXTS = st.text(st.sampled_from("ab<>&\"' \n\té1"), max_size=30)


def test_a_digest_shows_twelve_characters_in_groups_of_four() -> None:
    assert words.group_digest(bytes.fromhex("9AF312C077BE" + "00" * 26)) == (
        "9af3 12c0 77be",
        "9af312c077be" + "00" * 26,
    )


def test_words_are_found_in_any_case_longest_first() -> None:
    pieces = words.find_words("Lot L-70001, lot l-7", ["l-7", "L-70001"])
    assert [piece.text for piece in pieces if piece.is_marked] == ["L-70001", "l-7"]


def test_a_search_for_signs_is_text_and_no_pattern() -> None:
    assert [piece.is_marked for piece in words.find_words("a.b", [".*"])] == [False]


@given(text=TEXTS, query=st.lists(TEXTS, max_size=3))
def test_marked_pieces_add_up_to_the_text(text: str, query: list[str]) -> None:
    assert "".join(piece.text for piece in words.find_words(text, query)) == text
