"""Each person hears of every signature made in their name."""

import pytest
from django.core import mail

from records.models import Event, OutboxItem
from records.outbox import work_off
from tests.signatures.papers import sign, submitted_paper

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.300(d)")]


def test_the_owner_of_a_signature_is_told_by_mail(author, reviewer):
    paper = submitted_paper(author)
    signature = sign(reviewer, paper, reason="All pages read.")
    work_off()
    told = next(one for one in mail.outbox if one.to == ["reviewer@example.com"] and signature.number in one.subject)
    assert paper.number in told.body
    assert "All pages read." in told.body
    assert "If this was not you" in told.body
    assert Event.objects.get(act="signatures.notice.sent").details["signature"] == signature.number


def test_the_notice_is_promised_in_the_same_transaction_as_the_signature(author, reviewer):
    signature = sign(reviewer, submitted_paper(author))
    assert OutboxItem.objects.get(kind="signatures.notice").payload == {"signature": signature.number}
