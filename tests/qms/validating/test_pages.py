"""The pages of validation: from the inventory to the disposed deviation, each refusal beside what was typed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.urls import reverse

from records.models import Event
from records.workflow import perform_transition
from tests.people import Person
from tests.validation.desk import ENVIRONMENT, PICTURE, REASON, Desk, make_system, sign
from validation.models import Deviation, Execution, MatrixVersion, Protocol, RequirementSet, System
from validation.requirements import begin_requirements
from validation.results import states_of

pytestmark = pytest.mark.django_db

TABLE = "Requirement\tSource\tFailure mode\tSeverity\tProbability\tDetectability\n"


def get(person: Person, name: str, /, *args: Any, query: str = "") -> Any:
    return replace(person, _client=None).client().get(reverse(f"validating:{name}", args=args) + query)


def post(person: Person, name: str, /, *args: Any, follow: Any = False, **fields: Any) -> Any:
    path = reverse(f"validating:{name}", args=args)
    return replace(person, _client=None).client().post(path, fields, follow=follow)


def text(answer: HttpResponse) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def run(desk: Desk) -> Execution:
    return desk.begin()


def test_an_engineer_registers_a_system_and_begins_its_requirements(desk: Desk):
    facts = {
        "title": "Label printer",
        "description": "Prints labels.",
        "category": "3",
        "platform_category": "4",
        "gxp_relevance": "direct",
        "relevance_reason": "Labels name the product.",
        "access": "closed",
        "owner": desk.qa.user.pk,
        "process_owner": desk.qa.user.pk,
        "next_review_on": "2027-11-01",
        "reason": REASON,
    }
    refused = post(desk.engineer, "system-new", **facts)
    assert refused.status_code == 422
    assert "Only a category 5 system stands on a platform." in text(refused)
    assert "Prints labels." in text(refused)
    made = post(desk.engineer, "system-new", **facts | {"platform_category": ""}, follow=True)
    system = System.objects.get(title="Label printer")
    assert system.number in text(made)
    assert "Begin requirements" in text(made)
    page = post(desk.engineer, "requirements-new", system.number, follow=True)
    assert "Requirements of Label printer" in text(page)
    assert "Label printer" in text(get(desk.engineer, "system-list"))


def test_a_system_is_changed_only_as_it_was_seen(desk: Desk):
    page = get(desk.engineer, "system-edit", desk.system.number)
    form = page.context["form"]
    fields = {name: form.initial.get(name) or "" for name in form.fields} | {"reason": REASON}
    fields |= {"owner": desk.qa.user.pk, "process_owner": desk.qa.user.pk, "description": "Also keeps images."}
    assert post(desk.engineer, "system-edit", desk.system.number, **fields).status_code == 302
    stale = post(desk.engineer, "system-edit", desk.system.number, **fields | {"description": "Mine."})
    assert stale.status_code == 422
    assert "Mine." in text(stale)
    assert desk.fresh(desk.system).description == "Also keeps images."


def test_items_are_added_and_taken_out_of_use(desk: Desk):
    facts = {"kind": "ai_model", "name": "vial-identity", "version": "1.0", "sha256": "zz", "reason": REASON}
    assert "is none" in text(post(desk.engineer, "item-new", desk.system.number, **facts))
    post(desk.engineer, "item-new", desk.system.number, **facts | {"sha256": "ab" * 32})
    item = desk.system.items.get()
    post(desk.engineer, "item-end", desk.system.number, item.pk, reason="retrained")
    assert "until" in text(get(desk.engineer, "system-detail", desk.system.number))


def test_the_requirement_table_is_edited_in_place_and_refused_whole(desk: Desk):
    system = make_system(desk.engineer, owner=desk.qa, title="Bare")
    made = begin_requirements(system, actor=desk.engineer.actor())
    new = {"n1-text": "It counts.", "n2-text": "It prints.", "n2-severity": "high", "revision": 1}
    refused = post(desk.engineer, "requirements", made.number, **new)
    assert refused.status_code == 422
    assert "needs all four" in text(refused)
    assert "It counts." in text(refused)
    assert not made.requirements.exists()
    good = new | {"n2-failure_mode": "no paper", "n2-probability": "low", "n2-detectability": "high"}
    page = post(desk.engineer, "requirements", made.number, **good, follow=True)
    assert "no paper: class 2, low priority" in text(page)
    seen = desk.fresh(made).revision
    post(desk.engineer, "requirements", made.number, **{"r1-text": "It counts vials.", "revision": seen,
         **{f"r2-{name}": value for name, value in (("text", "It prints."), ("failure_mode", "no paper"),
            ("severity", "high"), ("probability", "low"), ("detectability", "high"))}})  # fmt: skip
    assert [row.text for row in made.requirements.order_by("position")] == ["It counts vials.", "It prints."]
    stale = post(desk.engineer, "requirements", made.number, **{"n1-text": "Late.", "revision": seen})
    assert "changed this record at" in text(stale)


def test_pasted_requirements_are_previewed_before_they_are_added(desk: Desk):
    system = make_system(desk.engineer, owner=desk.qa, title="Bare")
    made = begin_requirements(system, actor=desk.engineer.actor())
    bad = TABLE + "It counts\tQuality\tmiscount\tsevere\tlow\tlow\n"
    page = post(desk.engineer, "requirements-import", made.number, table=bad, revision=1)
    assert "severity is “severe”, not low, medium or high" in text(page)
    assert (
        post(desk.engineer, "requirements-import", made.number, table=bad, revision=1, confirm="1").status_code == 422
    )
    assert not made.requirements.exists()
    file = SimpleUploadedFile("urs.csv", "requirement,source\nIt counts,Quality\nIt prints,Line\n".encode("utf-8-sig"))
    page = post(desk.engineer, "requirements-import", made.number, file=file, revision=1)
    assert "Add 2 requirements" in text(page)
    kept = page.context["form"]["table"].value()
    post(desk.engineer, "requirements-import", made.number, table=kept, revision=1, confirm="1")
    assert made.requirements.count() == 2


def test_amendments_are_shown_against_the_baseline(desk: Desk):
    post(desk.engineer, "requirements-amend", desk.requirements.number, reason="the camera is replaced")
    post(desk.engineer, "requirement-withdraw", desk.requirements.number, 3, reason="said elsewhere")
    page = get(desk.reviewer, "requirements", desk.requirements.number)
    assert "<strong>URS-003</strong> withdrawn" in text(page)
    assert RequirementSet.objects.get(pk=desk.requirements.pk).state == "amending"


@pytest.mark.clause("Annex 11 1")
def test_the_matrix_is_drawn_in_words_and_an_inverted_one_is_refused(desk: Desk):
    page = text(get(desk.reviewer, "matrix-list"))
    assert page.count("Class 1</td>") == 3
    form = get(desk.engineer, "matrix-new").context["form"]
    fields = {name: str(field.initial or "") for name, field in form.fields.items()}
    fields |= {"title": "Ours", "reason": REASON}
    refused = post(desk.engineer, "matrix-new", **fields | {"priority-1-high": "high", "priority-1-low": "low"})
    assert "A worse case can never count for less." in text(refused)
    post(desk.engineer, "matrix-new", **fields)
    made = MatrixVersion.objects.get(title="Ours")
    assert "Sign the matrix" in text(get(desk.engineer, "matrix-detail", made.number))


def test_a_protocol_is_drafted_pasted_changed_and_offered_for_signature(desk: Desk):
    post(desk.engineer, "protocol-new", desk.system.number, title="Install", stage="iq", purpose="Shows the install.")
    protocol = Protocol.objects.get(title="Install")
    steps = "Requirements;Instruction;Expected\nURS-001;Read the build.;It is 0.2.0.\nURS-002;Look.;It is there.\n"
    post(desk.engineer, "steps-import", protocol.number, table=steps)
    step = {"requirements": "urs-003", "instruction": "Open it.", "expected": "It opens.", "acceptance": ""}
    post(desk.engineer, "step-new", protocol.number, **step)
    post(desk.engineer, "step-edit", protocol.number, 1, **step)
    post(desk.engineer, "step-remove", protocol.number, 2)
    post(desk.engineer, "protocol-edit", protocol.number, title="Installation", purpose="Shows it.")
    page = text(get(desk.engineer, "protocol-detail", protocol.number))
    assert "Open it." in page
    assert "Sign the protocol" in page
    assert [row.position for row in protocol.steps.order_by("position")] == [1, 3]
    refused = post(desk.engineer, "protocol-execute", protocol.number, environment=ENVIRONMENT)
    assert "A protocol is executed only after its approval is signed." in text(refused)


@pytest.mark.clause("11.10(e)")
def test_the_runner_saves_and_opens_the_next_step(desk: Desk):
    post(desk.engineer, "protocol-execute", desk.protocol.number, environment=ENVIRONMENT)
    run = Execution.objects.get(protocol=desk.protocol)
    page = post(desk.engineer, "result", run.number, 1, result="pass", actual="64 digits agree", follow=True)
    assert page.redirect_chain[0][0].endswith("?step=2&saved=1")
    assert "1 of 3" in text(page)
    assert "Let the model reject a vial." in text(page)
    refused = post(desk.engineer, "result", run.number, 2, result="", actual="seen, but what?")
    assert refused.status_code == 422
    assert "seen, but what?" in text(refused)
    again = post(desk.engineer, "result", run.number, 1, result="fail", actual="changed my mind")
    assert "Correct it by a new entry with a reason" in text(again)
    assert "changed my mind" in text(again)


@pytest.mark.clause("11.10(e)")
def test_a_correction_is_entered_beside_and_the_old_entry_stays_readable(desk: Desk, run: Execution):
    desk.record(run, "fail")
    bare = post(desk.engineer, "correction", run.number, 1, result="pass", actual="agrees", reason="")
    assert bare.status_code == 422
    post(desk.engineer, "correction", run.number, 1, result="pass", actual="agrees", reason="read the wrong line")
    page = text(get(desk.reviewer, "execution-detail", run.number, query="?step=1"))
    assert "<del>Fail: seen: fail</del>" in page
    assert "Corrected because: read the wrong line" in page


@pytest.mark.clause("11.10(a)", "11.10(c)")
def test_evidence_is_kept_at_once_and_what_was_typed_comes_back(desk: Desk, run: Execution):
    file = SimpleUploadedFile("screen.png", PICTURE)
    page = post(desk.engineer, "evidence-new", run.number, 1, evidence=file, actual="half a sentence", result="pass")
    assert "half a sentence" in text(page)
    assert "screen.png" in text(page)
    kept = run.evidence.get()
    sent = get(desk.reviewer, "evidence", run.number, kept.pk)
    assert sent.content == PICTURE
    assert sent.headers["Content-Disposition"].startswith("attachment")
    refused = post(desk.engineer, "evidence-new", run.number, 1, evidence=SimpleUploadedFile("x.pdf", PICTURE))
    assert refused.status_code == 422
    assert run.evidence.count() == 1


def test_evidence_sent_with_the_result_is_kept_before_it(desk: Desk, run: Execution):
    file = SimpleUploadedFile("screen.png", PICTURE)
    post(desk.engineer, "result", run.number, 1, result="pass", actual="agrees", evidence=file)
    acts = Event.objects.filter(record=run).order_by("-id").values_list("act", flat=True)[:2]
    assert list(acts) == ["validation.result.recorded", "validation.evidence.added"]


@pytest.mark.clause("Annex 15 2.8")
def test_a_deviation_is_raised_by_one_button_and_disposed_of_by_quality(desk: Desk, run: Execution):
    desk.record(run, "pass", "fail", "pass")
    assert "Raise deviation for step 2" in text(get(desk.engineer, "execution-detail", run.number))
    page = post(desk.engineer, "deviation-new", run.number, 2, follow=True)
    deviation = Deviation.objects.get(execution=run)
    assert "Actual: seen: fail" in text(page)
    found = {
        "cause": "product",
        "investigation": "The queue hid the vial.",
        "corrective_action": "",
        "outcome": "retest",
        "reason": REASON,
        "revision": deviation.revision,
    }
    post(desk.engineer, "deviation-detail", deviation.number, **found)
    stale = post(desk.qa, "deviation-detail", deviation.number, **found | {"cause": "script"})
    assert stale.status_code == 422
    sign(deviation, "dispose", desk.qa, reason="cause found")
    assert "Disposed of" in text(get(desk.reviewer, "deviation-list"))
    sign(run, "finish", desk.engineer)
    sign(run, "review", desk.reviewer)
    again = post(desk.engineer, "run-again", run.number, environment=ENVIRONMENT, follow=True)
    later = Execution.objects.get(rerun_of=run)
    assert later.number in text(again)
    assert [row.step for row in states_of(later)] == [2]


def test_a_colleague_takes_over_and_both_names_are_shown(desk: Desk, run: Execution):
    post(desk.colleague, "take-over", run.number, reason="Vera is on holiday")
    page = text(get(desk.reviewer, "execution-detail", run.number))
    assert "Vera Lind to Karl Berg: Vera is on holiday" in page
    assert "Save and next" not in page


@pytest.mark.clause("Annex 11 4.4")
def test_the_matrix_shows_gaps_alone_and_leaves_as_csv(desk: Desk, run: Execution):
    desk.record(run, "pass", "fail", "pass")
    page = text(get(desk.reviewer, "trace", desk.system.number, query="?show=gaps"))
    assert "failed without deviation" in page
    sheet = get(desk.reviewer, "trace-csv", desk.system.number)
    assert sheet.headers["Content-Disposition"].startswith("attachment")
    assert "failed without deviation" in sheet.content.decode()


@pytest.mark.clause("Annex 11 4.4")
def test_one_requirement_of_the_matrix_is_read_closely_beside_it(desk: Desk, run: Execution):
    desk.record(run, "pass", "fail", "pass")
    ref = desk.protocol.steps.get(position=2).requirements[0]
    closed = text(get(desk.reviewer, "trace", desk.system.number))
    page = text(get(desk.reviewer, "trace", desk.system.number, query=f"?show=gaps&req={ref}"))
    (panel,) = re.findall(r'<section class="card trace-chosen".*?</section>', page, re.DOTALL)
    assert "trace-chosen" not in closed
    assert "failed without deviation" in panel
    assert f"{run.number} run 1</a>: fail, not reviewed" in panel
    assert f'href="?show=gaps&amp;from=0&amp;#{ref}"' in panel, "closing stays where the reader was"


@pytest.mark.parametrize("asked", ["URS-999", "", "%3Cscript%3E"])
def test_a_requirement_that_is_not_in_the_matrix_opens_no_panel(desk: Desk, asked: str):
    page = text(get(desk.reviewer, "trace", desk.system.number, query=f"?req={asked}"))
    assert "trace-chosen" not in page
    assert "<script>" not in page.partition("<main")[2]


@pytest.mark.parametrize(
    "name",
    ["system-detail", "requirements", "matrix-detail", "protocol-detail", "execution-detail", "deviation-detail"],
)
def test_an_unknown_number_is_a_clear_404(desk: Desk, name: str):
    answer = get(desk.engineer, name, "XX-1999-0001")
    assert answer.status_code == 404
    assert "XX-1999-0001" in text(answer)


def test_every_list_says_what_will_appear_in_it(desk: Desk):
    assert "No deviations." in text(get(desk.reviewer, "deviation-list"))
    bare = make_system(desk.engineer, owner=desk.qa, title="Bare")
    assert "No requirements yet." in text(get(desk.reviewer, "trace", bare.number))


def test_a_protocol_under_execution_is_not_revised_by_its_page(desk: Desk, run: Execution):
    answer = post(desk.engineer, "protocol-revise", desk.protocol.number, reason="a step is missing")
    assert answer.status_code == 409
    assert run.number in text(answer)
    assert "· EU GMP Annex 15 §2.7</p>" in text(answer)
    perform_transition(desk.requirements, "amend", actor=desk.engineer.actor(), reason="one more requirement")


def test_who_waits_for_a_signature_finds_the_record_from_home(desk: Desk, run: Execution):
    desk.record(run, "pass", "pass", "pass")
    sign(run, "finish", desk.engineer)
    page = replace(desk.reviewer, _client=None).client().get(reverse("home:home")).content.decode()
    assert reverse("validating:execution-detail", args=[run.number]) in page


@pytest.mark.clause("11.10(e)")
def test_evidence_that_was_added_by_mistake_is_withdrawn_on_its_page_and_shown_struck_through(
    desk: Desk, run: Execution
):
    row = desk.show(run, 1, name="wrong.png")
    assert "Added by mistake" in text(get(desk.engineer, "execution-detail", run.number, query="?step=1"))
    assert "Added by mistake" not in text(get(desk.reviewer, "execution-detail", run.number, query="?step=1"))
    assert "struck through" in text(get(desk.engineer, "evidence-withdraw", run.number, row.pk))
    assert post(desk.engineer, "evidence-withdraw", run.number, row.pk, reason="").status_code == 422
    page = text(
        post(desk.engineer, "evidence-withdraw", run.number, row.pk, reason="it shows another lot", follow=True)
    )
    assert re.search(r"<del><a [^>]+>wrong.png</a></del>", page)
    assert "withdrawn by Vera Lind: it shows another lot" in page
    assert get(desk.reviewer, "evidence", run.number, row.pk).content == PICTURE
    assert get(desk.engineer, "evidence-withdraw", run.number, 999_999).status_code == 404
