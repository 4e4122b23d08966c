"""The pages of record determinations: the register with its retention, the draft, the difference when it was stale."""

from __future__ import annotations

import pytest

from tests.qms.validating.test_pages import get, post, text
from tests.validation.desk import REASON, Desk, sign
from tests.validation.gap_desk import curves
from validation.determinations import draft_determination
from validation.models import RecordDetermination

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(c)")]


def fields(desk: Desk, **others: object) -> dict[str, object]:
    return {
        "title": "Stability curves",
        "what": "Chromatograms of the stability study.",
        "system": desk.system.pk,
        "predicate_rule": "21 CFR 211.194",
        "is_relied_on": "on",
        "primary_form": "electronic",
        "decision": "controlled",
        "decision_reason": "The release of a lot rests on these results.",
        "owner": desk.qa.user.pk,
        "kept_under": "gmp_batch_eu",
    } | others


def test_a_determination_is_drafted_signed_and_listed_with_the_event_that_starts_retention(desk: Desk):
    made = post(desk.engineer, "determination-new", **fields(desk), follow=True)
    record = RecordDetermination.objects.get()
    assert "at least 5 years after certification by the Qualified Person" in text(made)
    assert "a required record" in text(made)
    sign(record, "determine", desk.qa)
    page = text(get(desk.reviewer, "determination-list"))
    assert record.number in page
    assert "certification by the Qualified Person" in page


def test_a_decision_against_its_facts_is_refused_and_nothing_typed_is_lost(desk: Desk):
    refused = post(desk.engineer, "determination-new", **fields(desk, decision="preliminary"))
    assert refused.status_code == 422
    assert "so they are a controlled record" in text(refused)
    assert "Chromatograms of the stability study." in text(refused)
    assert not RecordDetermination.objects.exists()


def test_the_register_lists_each_kind_and_leads_to_its_determination(desk: Desk):
    page = text(get(desk.qa, "determination-list"))
    assert "?kind=batches.batchrecord" in page
    form = get(desk.qa, "determination-new", query="?kind=batches.batchrecord").context["form"]
    assert form["governs"].value() == "batches.batchrecord"
    assert "?kind=" not in text(get(desk.reviewer, "determination-list"))


@pytest.mark.clause("11.10(e)")
def test_a_stale_draft_shows_the_difference(desk: Desk):
    made = draft_determination(actor=desk.engineer.actor(), title="Stability curves", **curves(desk))
    change = fields(desk, reason=REASON, revision=1)
    assert post(desk.engineer, "determination-edit", made.number, **change).status_code == 302
    stale = post(desk.qa, "determination-edit", made.number, **change | {"what": "Only the tables."})
    assert stale.status_code == 422
    assert "Changed meanwhile" in text(stale)
    assert "Only the tables." in text(stale)
    seen = stale.context["form"]["revision"].value()
    again = change | {"what": "Only the tables.", "revision": seen}
    assert post(desk.qa, "determination-edit", made.number, **again).status_code == 302
    sign(made, "determine", desk.qa)
    post(desk.engineer, "determination-revise", made.number, reason="the study was extended")
    assert desk.fresh(made).state == "draft"
