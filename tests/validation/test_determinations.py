"""Record determinations: the test of the rule decides, exclusion is reasoned, and retention starts with an event."""

from __future__ import annotations

import itertools

import pytest

from records.errors import RecordNotEditable, RoleNotAllowed, StaleRevision
from records.models import ControlledRecord
from records.retention import RULES, describe_retention
from records.workflow import perform_transition
from signatures.ceremonies import open_ceremony
from signatures.errors import SeatNeedsRole, SignerIsAuthor
from tests.validation.desk import REASON, Desk, sign
from tests.validation.gap_desk import curves
from validation.determinations import draft_determination, edit_determination, list_register, record_kinds
from validation.errors_gaps import DecisionWithoutReason, DeterminationContradicts, KindUnknown, RetentionUnknown
from validation.models import RecordDetermination

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(c)")]

USES = ("replaces_paper", "is_relied_on", "is_signed")


def draft(desk: Desk, **facts: object) -> RecordDetermination:
    return draft_determination(actor=desk.engineer.actor(), title="Stability curves", **curves(desk, **facts))


@pytest.mark.parametrize("rule", ["", "21 CFR 211.194"])
@pytest.mark.parametrize("used", list(itertools.product((True, False), repeat=3)))
def test_what_a_rule_requires_and_is_used_is_never_decided_away(desk: Desk, rule: str, used: tuple[bool, ...]):
    facts = dict(zip(USES, used, strict=True)) | {"predicate_rule": rule}
    required = bool(rule) and any(used)
    assert draft(desk, **facts).is_required == required
    away = facts | {"decision": "preliminary", "decision_reason": "Only a sketch, and it stays in the folder."}
    if required:
        with pytest.raises(DeterminationContradicts, match=r"211\.194"):
            draft(desk, **away)
    else:
        assert draft(desk, **away).decision == "preliminary"


def test_a_determination_is_a_controlled_record_where_nobody_says_otherwise(desk: Desk):
    facts = curves(desk)
    del facts["decision"]
    made = draft_determination(actor=desk.engineer.actor(), title="Curves", **facts)
    assert made.decision == "controlled"
    assert made.number.startswith("RD-")


@pytest.mark.parametrize("reason", ["", "not needed", " " * 40])
def test_a_decision_needs_a_reason_that_others_understand(desk: Desk, reason: str):
    with pytest.raises(DecisionWithoutReason):
        draft(desk, decision_reason=reason)


def test_the_start_event_is_kept_and_no_date(desk: Desk):
    made = draft(desk)
    assert made.start_event == "certification by the Qualified Person"
    assert made.content()["retention"] == {
        "rule": "gmp_batch_eu",
        "citation": "EU GMP Chapter 4, 4.11",
        "start_event": "certification by the Qualified Person",
        "years": 5,
    }


def test_a_kind_of_this_installation_brings_its_own_rule_whatever_was_typed(desk: Desk):
    made = draft(desk, governs="batches.batchrecord", kept_under="trial")
    kind = record_kinds()["batches.batchrecord"]
    assert (made.kept_under, made.start_event) == (kind.RETENTION_RULE, RULES[kind.RETENTION_RULE].start_event)


def test_an_unknown_rule_or_kind_is_refused(desk: Desk):
    with pytest.raises(RetentionUnknown):
        draft(desk, kept_under="forever")
    with pytest.raises(KindUnknown, match=r"batches\.secret"):
        draft(desk, governs="batches.secret")


def test_the_register_names_each_kind_with_the_rule_of_the_archive_and_what_quality_signed(desk: Desk):
    made = draft(desk, governs="batches.batchrecord")
    rows = {row.kind: row for row in list_register()}
    assert rows["batches.batchrecord"].determination is None
    sign(made, "determine", desk.qa)
    rows = {row.kind: row for row in list_register()}
    assert rows["batches.batchrecord"].determination == made
    assert set(rows) == set(record_kinds())
    for row in rows.values():
        record = ControlledRecord(retention_rule=record_kinds()[row.kind].RETENTION_RULE)
        assert row.rule.start_event in describe_retention(record)
    perform_transition(desk.fresh(made), "revise", actor=desk.qa.actor(), reason="another rule applies too")
    assert {row.kind: row.determination for row in list_register()}["batches.batchrecord"] is None


@pytest.mark.clause("11.10(g)")
def test_quality_signs_and_never_its_own(desk: Desk):
    own = draft_determination(actor=desk.qa.actor(), title="Mine", **curves(desk))
    with pytest.raises(SignerIsAuthor):
        open_ceremony(own, "determine", actor=desk.qa.actor())
    made = draft(desk)
    with pytest.raises((SeatNeedsRole, RoleNotAllowed)):
        open_ceremony(made, "determine", actor=desk.engineer.actor())
    with pytest.raises(RoleNotAllowed):
        draft_determination(actor=desk.reviewer.actor(), title="x", **curves(desk))
    sign(made, "determine", desk.qa)
    assert desk.fresh(made).state == "determined"


@pytest.mark.clause("11.10(e)", "11.10(f)")
def test_a_draft_is_changed_as_it_was_seen_and_a_signed_one_not_at_all(desk: Desk):
    made = draft(desk)
    facts = curves(desk, what="Chromatograms.")
    edit_determination(made, actor=desk.engineer.actor(), revision=1, reason=REASON, **facts)
    with pytest.raises(StaleRevision):
        edit_determination(made, actor=desk.qa.actor(), revision=1, reason=REASON, **curves(desk))
    sign(made, "determine", desk.qa)
    with pytest.raises(RecordNotEditable):
        edit_determination(desk.fresh(made), actor=desk.engineer.actor(), revision=2, reason=REASON, **facts)
