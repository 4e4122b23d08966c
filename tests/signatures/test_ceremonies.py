"""From opening a ceremony to a signature that moves the record."""

import pytest

from signatures.checklist import verify_stored_signature
from tests.signatures.papers import reread, sign, submitted_paper

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.50(a)", "11.70", "11.200(a)(1)")]


def test_a_record_is_signed_and_moves_when_its_route_is_complete(author, reviewer, qa_manager):
    paper = submitted_paper(author)
    first = sign(reviewer, paper)
    assert reread(paper).state == "in_review"
    second = sign(qa_manager, paper)
    assert reread(paper).state == "approved"
    assert [first.meaning, second.meaning] == ["review", "approval"]
    assert (second.printed_name, second.username, second.role) == ("Maria Chen", "qa_manager", "QA manager")
    assert verify_stored_signature(second).reasons == ()
    assert verify_stored_signature(first).bottom_line
