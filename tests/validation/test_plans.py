"""Plans: from their template, whole before they are signed, and nobody's text is overwritten."""

from __future__ import annotations

from typing import Any

import pytest

from records.errors import RecordNotEditable, RoleNotAllowed, StaleRevision
from records.workflow import perform_transition
from signatures.ceremonies import open_ceremony
from tests.validation.desk import REASON, Desk, make_system, sign
from tests.validation.documents import approve_master, approve_plan, write_plan
from validation.errors_documents import (
    PlanExists,
    PlanListOutdated,
    SectionsMissing,
    SectionUnknown,
    StagesMissing,
)
from validation.errors_records import AuthorCannotApprove
from validation.inventory import add_item
from validation.models import ValidationPlan
from validation.plan_templates import MASTER_SECTIONS, SYSTEM_SECTIONS, TEMPLATES
from validation.plans import draft_master_plan, draft_plan, edit_plan, refresh_plan, write_section

pytestmark = [pytest.mark.django_db, pytest.mark.clause("Annex 15 1.5", "Annex 15 2.2")]

DIGEST = "ab" * 32


@pytest.fixture
def draft(desk: Desk) -> ValidationPlan:
    return draft_plan(desk.system, actor=desk.engineer.actor(), title="Validation of line 1", stages=["iq", "oq"])


def write(desk: Desk, plan: ValidationPlan, position: int, text: str, *, revision: int = 1) -> None:
    write_section(plan, position, actor=desk.engineer.actor(), text=text, revision=revision)


def test_a_plan_begins_with_the_sections_of_its_template(desk: Desk, draft: ValidationPlan):
    assert draft.number.startswith("VP-")
    laid_out = [(row.key, row.heading, row.guidance, row.text) for row in draft.sections.order_by("position")]
    assert laid_out == [(row.key, row.heading, row.guidance, "") for row in SYSTEM_SECTIONS]
    master = draft_master_plan(actor=desk.engineer.actor(), title="The site")
    assert [row.heading for row in master.sections.order_by("position")] == [row.heading for row in MASTER_SECTIONS]


def test_missing_sections_block_the_approval_by_their_names(desk: Desk, draft: ValidationPlan):
    for position in range(1, len(SYSTEM_SECTIONS) - 1):
        write(desk, draft, position, "Written.")
    with pytest.raises(SectionsMissing, match="“Keeping the validated state”, “References”"):
        open_ceremony(desk.fresh(draft), "approve", actor=desk.engineer.actor())


def test_blank_text_is_no_section(desk: Desk, draft: ValidationPlan):
    write_plan(draft, desk.engineer)
    write(desk, draft, 3, " \n ", revision=2)
    with pytest.raises(SectionsMissing, match="Roles and responsibilities"):
        open_ceremony(desk.fresh(draft), "approve", actor=desk.engineer.actor())


def test_a_system_plan_says_which_stages_it_goes_through(desk: Desk, draft: ValidationPlan):
    edit_plan(draft, actor=desk.engineer.actor(), title="Without stages", stages=[])
    write_plan(draft, desk.engineer)
    with pytest.raises(StagesMissing):
        open_ceremony(desk.fresh(draft), "approve", actor=desk.engineer.actor())


@pytest.mark.clause("11.10(f)")
def test_an_approved_plan_begins_the_validation_and_is_not_edited(desk: Desk):
    system = make_system(desk.engineer, owner=desk.qa, title="Bare system")
    assert system.state == "registered"
    plan = approve_plan(system, desk.engineer, desk.qa)
    assert (plan.state, desk.fresh(system).state) == ("approved", "in_validation")
    for change in (
        lambda: write(desk, plan, 1, "Otherwise.", revision=2),
        lambda: edit_plan(plan, actor=desk.engineer.actor(), title="x", stages=["iq"]),
        lambda: refresh_plan(plan, actor=desk.engineer.actor()),
    ):
        with pytest.raises(RecordNotEditable):
            change()


def test_a_system_and_the_site_have_one_plan_each(desk: Desk, draft: ValidationPlan):
    with pytest.raises(PlanExists, match=draft.number):
        draft_plan(desk.system, actor=desk.engineer.actor(), title="Second", stages=["oq"])
    other = make_system(desk.engineer, owner=desk.qa, title="Another")
    assert draft_plan(other, actor=desk.engineer.actor(), title="Its own", stages=["oq"]).pk
    master = draft_master_plan(actor=desk.engineer.actor(), title="The site")
    with pytest.raises(PlanExists, match=master.number):
        draft_master_plan(actor=desk.engineer.actor(), title="The site again")


def test_a_retired_plan_makes_room_for_another(desk: Desk):
    plan = approve_plan(desk.system, desk.engineer, desk.qa)
    sign(plan, "retire", desk.qa, reason="planned anew after the move of the line")
    assert draft_plan(desk.system, actor=desk.engineer.actor(), title="Anew", stages=["oq"]).number != plan.number


def test_a_revised_plan_is_signed_again_and_says_why(desk: Desk):
    plan = approve_plan(desk.system, desk.engineer, desk.qa)
    perform_transition(plan, "revise", actor=desk.engineer.actor(), reason="a second camera is planned")
    write(desk, plan, 1, "With a second camera.", revision=2)
    refresh_plan(plan, actor=desk.engineer.actor())
    sign(plan, "approve", desk.engineer)
    sign(plan, "approve", desk.qa)
    version = plan.versions.order_by("-number")[0]
    assert version.number == 2
    assert desk.fresh(plan).content()["reopenings"][0]["reason"] == "a second camera is planned"


@pytest.mark.clause("11.10(e)")
def test_a_stale_text_is_refused_with_both_texts_and_other_sections_stay_free(desk: Desk, draft: ValidationPlan):
    write(desk, draft, 1, "What Vera wrote.")
    with pytest.raises(StaleRevision) as refused:
        write_section(draft, 1, actor=desk.colleague.actor(), text="What Karl wrote.", revision=1)
    differences: Any = refused.value.facts["differences"]
    (row,) = differences
    assert (row.label, row.stored, row.typed) == ("Purpose and scope", "What Vera wrote.", "What Karl wrote.")
    write_section(draft, 2, actor=desk.colleague.actor(), text="What Karl wrote.", revision=1)


def test_an_unknown_section_is_refused(desk: Desk, draft: ValidationPlan):
    with pytest.raises(SectionUnknown):
        write(desk, draft, 99, "Nowhere.")


def test_only_engineers_write_plans(desk: Desk, draft: ValidationPlan):
    with pytest.raises(RoleNotAllowed):
        write_section(draft, 1, actor=desk.qa.actor(), text="x", revision=1)


@pytest.mark.clause("11.10(g)")
def test_the_author_of_a_plan_never_signs_for_its_quality(desk: Desk):
    both = desk.crew.add("both", "validation_engineer", "qa_manager")
    plan = draft_plan(desk.system, actor=both.actor(), title="Mine", stages=["oq"])
    write_plan(plan, desk.engineer)
    sign(plan, "approve", desk.engineer)
    with pytest.raises(AuthorCannotApprove):
        open_ceremony(desk.fresh(plan), "approve", actor=both.actor())


@pytest.mark.clause("Annex 11 4.3")
def test_the_master_plan_lists_the_systems_with_their_status_and_the_ai_models(desk: Desk):
    facts: dict[str, Any] = {
        "kind": "ai_model",
        "name": "vial-identity",
        "version": "1.0",
        "sha256": DIGEST,
        "reason": REASON,
    }
    add_item(desk.system, actor=desk.engineer.actor(), **facts)
    content = approve_master(desk.engineer, desk.qa).content()
    (listed,) = content["facts"]["systems"]
    assert (listed["number"], listed["status"], listed["report"]) == (desk.system.number, "In validation", "")
    (model,) = content["facts"]["ai_models"]
    assert (model["system"], model["name"], model["sha256"]) == (desk.system.number, "vial-identity", DIGEST)


def test_a_list_that_changed_is_taken_anew_before_the_first_signature_and_stands_after_it(desk: Desk):
    plan = write_plan(draft_master_plan(actor=desk.engineer.actor(), title="The site"), desk.engineer)
    make_system(desk.engineer, owner=desk.qa, title="Label reader")
    with pytest.raises(PlanListOutdated):
        open_ceremony(plan, "approve", actor=desk.engineer.actor())
    refresh_plan(plan, actor=desk.engineer.actor())
    sign(plan, "approve", desk.engineer)
    make_system(desk.engineer, owner=desk.qa, title="Third system")
    sign(plan, "approve", desk.qa)
    assert [row["title"] for row in desk.fresh(plan).facts["systems"]] == [desk.system.title, "Label reader"]


def test_the_keys_of_a_template_are_each_used_once():
    for sections in TEMPLATES.values():
        keys = [row.key for row in sections]
        assert len(set(keys)) == len(keys)
        assert all(row.heading and row.guidance.endswith(".") for row in sections)
