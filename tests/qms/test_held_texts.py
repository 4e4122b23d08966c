"""A translator gets the texts that Python holds as data, each once."""

from __future__ import annotations

import pytest

from qms.web.held_texts import collect_texts
from records.errors import ReasonMissing


@pytest.mark.parametrize(
    "text",
    [
        ReasonMissing.message,
        "Good from",  # a form's label
        "Audit trail",  # the navigation
        "Awaiting disposition",  # a state
        "Sign the review",  # a transition
        "Technical remediation",  # what a stale answer of a gap assessment differs in
        "Reviewed execution",
        "The whole document",  # what a comment is on
        "You may not do this",  # the title of a refusal's page
    ],
)
def test_a_text_of_each_kind_is_gathered(text: str):
    assert collect_texts().count(text) == 1


def test_nothing_empty_and_no_number_is_gathered():
    assert "" not in collect_texts()
