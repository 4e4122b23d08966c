"""Acts of signing leave events that tell who, what, when and where.

Those of ceremonies are all provoked here; of the signed transitions, which one rule writes, each way that a batch,
a model, and a validation take from draft to retirement.
"""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from records.acts import acts_in
from records.clock import now
from records.workflow import all_workflows
from signatures import ceremonies
from signatures.errors import RecordChangedSinceShown
from signatures.series import open_series
from signatures.worklist import records_to_sign
from tests.assurance.telling import told
from tests.people import Crew, Person
from tests.plant_data import make_model, release_model, sign
from tests.qms.batches.review_stage import make_stage
from tests.qms.scene import undone
from tests.signatures.papers import complete, decline, edit, open_for, submitted_paper
from tests.signatures.papers import sign as sign_paper
from tests.validation.desk import make_desk
from tests.validation.desk import sign as sign_document
from tests.validation.flows import approve_data_flow

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(e)", "11.50(a)"), pytest.mark.assurance("C6")]

CEREMONIES = {
    *("signatures.ceremony.opened", "signatures.ceremony.cancelled", "signatures.ceremony.expired"),
    *("signatures.ceremony.voided", "signatures.series.opened"),
    *("signatures.signature.made", "signatures.signature.declined"),
}
REVIEWS = {"batches.review.signed", "batches.trail.reviewed"}
DISPOSITIONS = {
    "release": "batches.batch.released",
    "reject": "batches.batch.rejected",
    "hold": "batches.batch.held",
    "reinspect": "batches.batch.sent_back",
}
MODELS = {"releases.model.released", "releases.model.retired"}
VALIDATION = {
    *("validation.matrix.approved", "validation.matrix.retired", "validation.requirements.baselined"),
    *("validation.protocol.approved", "validation.protocol.retired", "validation.system.retired"),
    *("validation.execution.finished", "validation.execution.reviewed", "validation.deviation.disposed"),
}
DATA_FLOWS = {"validation.data_flow.approved", "validation.data_flow.retired"}
REASON = "it is no longer what we\r\nwork by"


def test_a_ceremony_is_told_however_it_ends(author: Person, reviewer: Person) -> None:
    with told(CEREMONIES, author, reviewer):
        ceremonies.cancel_ceremony(open_for(reviewer, submitted_paper(author)), actor=reviewer.actor())
        sign_paper(reviewer, submitted_paper(author))
        decline(open_for(reviewer, submitted_paper(author)), reviewer)
        changed = submitted_paper(author)
        shown = open_for(reviewer, changed)
        edit(changed, author, body="The vials were cloudy.")
        with pytest.raises(RecordChangedSinceShown):
            complete(shown, reviewer)
        submitted_paper(author)
        waiting = [work for work in records_to_sign(reviewer.actor()) if work.action == "approve"]
        open_series(waiting, actor=reviewer.actor())
        open_for(reviewer, submitted_paper(author))
        with time_machine.travel(now() + dt.timedelta(minutes=11), tick=True):
            assert ceremonies.expire_ceremonies()


def test_what_is_signed_about_a_batch_and_a_model_is_told(db: None) -> None:
    stage = make_stage()
    people = (stage.operator, stage.reviewer, stage.qa)
    with told(REVIEWS, *people):
        stage.complete()
        stage.sign("sign_review", stage.operator)
        stage.sign("sign_trail_review", stage.reviewer)
    for action, act in DISPOSITIONS.items():
        with undone(), told({act}, *people):
            stage.sign(action, stage.qa, reason=REASON)
    author = stage.plant.data_scientist
    with told(MODELS, author, stage.qa):
        model = release_model(make_model(author), author=author, qa_manager=stage.qa)
        sign(model, "retire", stage.qa, reason=REASON)


def test_what_is_signed_in_a_validation_is_told(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.validation.desk.make_crew", lambda: crew)
    people = (crew.administrator, crew.security_officer)
    with told(VALIDATION, *people):
        desk = make_desk()
        _, deviation = desk.failed_run()
        desk.dispose(deviation)
        for record in (desk.protocol, desk.matrix, desk.system):
            sign_document(record, "retire", desk.qa, reason=REASON)


def test_what_is_signed_about_a_data_flow_is_told(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.validation.desk.make_crew", lambda: crew)
    desk = make_desk()
    with told(DATA_FLOWS, desk.engineer, desk.qa):
        sign_document(approve_data_flow(desk), "retire", desk.qa, reason=REASON)


def test_every_act_of_signing_is_a_ceremonys_or_a_transitions() -> None:
    transitions = {one.act for workflow in all_workflows() for one in workflow.transitions}
    assert set(acts_in("signature")) - transitions == CEREMONIES
    assert REVIEWS | set(DISPOSITIONS.values()) | MODELS | VALIDATION | DATA_FLOWS <= transitions
