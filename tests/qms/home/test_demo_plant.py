"""The demonstration plant holds what it promises, and every row of it was written by a rule."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from examples.make_lot_zip import VIALS
from examples.validation.pipeline import RESULTS
from qms.accounts.access import actor_of
from qms.accounts.codes import STEP_SECONDS
from qms.accounts.demo import demo_files, demo_folder, demo_password
from qms.accounts.models import TotpDevice, User
from qms.accounts.roles import ROLES, SIGNING_ROLES
from qms.batches.challenges import active_set
from qms.batches.models import BatchRecord, Decision, Overlay, Product, Station
from qms.home import demo
from qms.home.demo.cast import PARTS
from qms.home.demo.stock import HARD_UNIT
from qms.home.demo.stories import STORIES
from qms.home.demo.validated_text import AUTOMATED_STEP
from qms.home.errors import NotADemonstration
from qms.home.worklists import worklists_of
from qms.inspections.models import InspectorAccess
from qms.releases.models import ModelVersion
from records.clock import now
from records.digests import sha256
from records.models import Event
from records.verifying.runs import run_checks
from signatures.eligibility import why_not_sign
from validation.case_results import read_junit
from validation.clauses import PART11
from validation.document_readiness import is_outdated
from validation.models import (
    DataSet,
    Deviation,
    Execution,
    GapAssessment,
    KnappStudy,
    PeriodicReview,
    RecordDetermination,
    SummaryReport,
    System,
    ValidationPlan,
)
from validation.overlap import find_overlap
from validation.results import states_of
from validation.review_topics import all_topics
from validation.status import Standing, standing_of
from validation.traceability import count_gaps
from validation.tracing import trace_system

pytestmark = pytest.mark.xdist_group("demo")


def person(username: str) -> User:
    return User.objects.get(username=username)


def test_somebody_holds_every_role_and_nobody_more_than_one(said: list[str]):
    held = [role for part in PARTS for role in person(part.username).held_roles()]
    assert (set(held), len(held)) == (set(ROLES), len(PARTS))
    assert len(set(User.objects.values_list("time_zone", flat=True))) > 6


def test_everybody_has_one_device_of_ordinary_pace(said: list[str]):
    paces = TotpDevice.objects.filter(confirmed=True).values_list("user__username", "step_seconds")
    assert dict(paces) == {part.username: STEP_SECONDS for part in PARTS}


@pytest.mark.clause("11.100(b)")
def test_whoever_holds_a_signing_role_can_sign_and_nobody_else_has_a_certificate(said: list[str]):
    for part in PARTS:
        someone = person(part.username)
        if SIGNING_ROLES.intersection(part.roles):
            assert why_not_sign(someone) == (), part.username
        else:
            assert not someone.certificates.exists(), part.username


def test_lots_are_in_the_states_of_their_stories(said: list[str]):
    found = dict(BatchRecord.objects.values_list("lot__number", "state"))
    assert found == {story.lot: story.state for story in STORIES}
    wanted = {"open", "ready", "in_review", "reviewed", "awaiting_disposition", "on_hold", "released", "rejected"}
    assert wanted | {"quarantined", "reinspect", "withdrawn"} == set(found.values())


def test_one_lot_stands_still_because_a_harder_known_unit_was_missed_after_its_last_one(said: list[str]):
    batch = BatchRecord.objects.get(state="quarantined")
    before, after = batch.challenges.order_by("id")
    assert (before.phase, before.passed, after.phase, after.passed) == ("start", True, "end", False)
    missed = [row["name"] for row in after.outcomes if not row["right"]]
    assert missed == [HARD_UNIT]
    names = {row.name for row in active_set(batch.lot.product).images.all()}
    assert names == {row["name"] for row in before.outcomes}  # the next lots are measured as before


def test_every_unit_of_an_inspected_lot_keeps_what_the_model_looked_at(said: list[str]):
    for batch in BatchRecord.objects.exclude(state__in=("open", "ready", "withdrawn")):
        overlays = Overlay.objects.filter(result__image__batch=batch).count()
        assert overlays == batch.images.count() == batch.units_received, batch.number


def test_the_pipeline_is_validated_up_to_a_failed_step_its_deviation_and_the_run_after_it(said: list[str]):
    system = System.objects.get(category=5)
    assert (system.category, system.platform_category) == (5, 4)
    runs = list(Execution.objects.filter(protocol__stage="oq").order_by("run"))
    assert [run.state for run in runs] == ["reviewed", "reviewed"]
    assert [state.result for state in states_of(runs[0])].count("fail") == 1
    assert [(state.step, state.result) for state in states_of(runs[1])] == [(4, "pass")]
    kept = runs[0].evidence.select_related("attachment").get(step=AUTOMATED_STEP).attachment
    assert (kept.name, kept.file_id) == (RESULTS.name, sha256(RESULTS.read_bytes()).hex())
    cases = len(read_junit(RESULTS.read_bytes(), name=RESULTS.name))
    entry = runs[0].entries.get(step=AUTOMATED_STEP)
    assert entry.actual.startswith(f"Automated: {cases} of {cases} test cases passed")
    assert runs[0].deviations.get().state == "disposed"
    assert count_gaps(trace_system(system)) == 0


@pytest.mark.clause("Annex 15 1.5", "Annex 15 2.9", "Annex 15 2.10")
def test_the_pipeline_is_planned_reported_by_three_and_validated_as_the_master_plan_says(said: list[str]):
    system = System.objects.get(category=5)
    report = SummaryReport.objects.get()
    assert (system.state, standing_of(system)) == ("validated", Standing(report))
    signers = report.signatures.order_by("id").values_list("username", "meaning")
    assert list(signers) == [("vera", "authorship"), ("maria", "responsibility"), ("quentin", "approval")]
    assert [row["failed"] for row in report.facts["executions"]].count(1) == 1
    master = ValidationPlan.objects.get(level="master")
    assert {plan.state for plan in ValidationPlan.objects.all()} == {"approved"}
    listed = {row["number"]: row["status"] for row in master.facts["systems"]}
    assert listed[system.number] == "Validated"
    assert not is_outdated(master)


@pytest.mark.clause("Annex 15 2.8")
def test_a_run_is_reviewed_by_somebody_who_did_not_execute_it(said: list[str]):
    runs = Execution.objects.order_by("protocol__stage", "run")
    parts = [(run.protocol.stage, run.holder.username, run.signatures.get(action="review").username) for run in runs]
    assert parts == [
        ("iq", "tomas", "vera"),
        ("oq", "vera", "rita"),
        ("oq", "vera", "rita"),
        ("pq", "tomas", "vera"),
    ]


@pytest.mark.clause("Annex 15 1.5")
def test_the_validation_was_done_in_its_order(said: list[str]):
    plan = ValidationPlan.objects.get(level="system")
    signed = [plan.signatures.latest("id").signed_at]
    for stage in ("iq", "oq", "pq"):
        runs = Execution.objects.filter(protocol__stage=stage).order_by("run")
        signed += [row.signatures.latest("id").signed_at for row in runs]
    assert signed == sorted(signed)
    assert signed[-1] < SummaryReport.objects.get().signatures.earliest("id").signed_at


@pytest.mark.clause("Annex 11 11")
def test_the_validated_pipeline_had_its_periodic_review_signed_by_its_owner_and_quality(said: list[str]):
    system = System.objects.get(category=5)
    review = PeriodicReview.objects.get()
    assert (review.system, review.state) == (system, "approved")
    signers = review.signatures.order_by("id").values_list("username", "meaning")
    assert list(signers) == [("maria", "responsibility"), ("quentin", "approval")]
    assert {row.topic for row in review.items.all()} == {topic.key for topic in all_topics()}
    assert all(row.is_concluded for row in review.items.all())
    assert [row.topic for row in review.items.exclude(follow_up="").order_by("position")] == ["access", "backups"]
    facts = {row.topic: "\n".join(row.facts) for row in review.items.all()}
    assert "The system is validated." in facts["status"]
    assert Deviation.objects.get().number in facts["deviations"]
    assert review.next_review_on is not None
    assert system.next_review_on == review.next_review_on > now().date()


@pytest.mark.clause("Annex 11 1")
def test_an_off_the_shelf_tool_is_assessed_against_every_clause_and_signed_by_two_people(said: list[str]):
    assessment = GapAssessment.objects.get()
    rows = list(assessment.answers.order_by("position"))
    assert [assessment.asked[row.position - 1]["id"] for row in rows] == [clause.id for clause in PART11.clauses]
    answers = {row.answer for row in rows}
    assert answers == {"yes", "partly", "no", "na"}
    assert any("SOP-118" in row.control for row in rows)
    assert assessment.state == "approved"
    signers = assessment.signatures.order_by("id").values_list("username", "meaning")
    assert list(signers) == [("rita", "review"), ("quentin", "approval")]
    assert RecordDetermination.objects.get().is_required


def test_one_override_waits_for_a_second_person_who_will_see_a_mix_up(said: list[str]):
    waiting = Decision.objects.get(kind=Decision.Kind.OVERRIDE)
    assert (waiting.verdict, waiting.image.unit_id) == ("good", "F-022")
    assert waiting.image.batch.state == "in_review"


def test_candidate_is_released_by_two_people_and_the_baseline_stays_a_draft(said: list[str]):
    states = dict(ModelVersion.objects.values_list("version", "state"))
    assert states == {"0.9": "draft", "1.0": "released"}
    signers = ModelVersion.objects.get(version="1.0").signatures.values_list("username", "meaning")
    assert list(signers.order_by("id")) == [("dev", "authorship"), ("maria", "release")]
    assert Product.objects.filter(models__model_version__version="1.0", models__ended_at=None).count() == 2
    assert Station.objects.count() == 2


def test_inspector_may_read_one_product_for_a_week_and_has_asked_for_something(said: list[str]):
    access = InspectorAccess.objects.get()
    assert (access.inspector.username, (access.ends_at - access.starts_at).days) == ("ines", 7)
    assert [scope.product.code for scope in access.scopes.all() if scope.product] == ["FEN-50"]
    assert access.requests.count() == 1


def test_delivery_to_import_is_whole_and_the_other_one_is_damaged(said: list[str]):
    assert demo_files() == ["L-70107-damaged.zip", "L-70107.zip"]
    whole, damaged = (zipfile.ZipFile(demo_folder() / name) for name in reversed(demo_files()))
    pictures = [name for name in whole.namelist() if name.endswith(".jpg")]
    assert len(pictures) == 100
    different = [name for name in pictures if whole.read(name) != damaged.read(name)]
    assert len(different) == 2
    assert all(whole.read(name) == (VIALS / "images" / name).read_bytes() for name in pictures)


@pytest.mark.clause("11.10(a)")
def test_the_verifier_finds_nothing_that_no_rule_wrote(said: list[str]):
    assert run_checks().findings == []


def test_a_second_start_adds_nothing(said: list[str]):
    before = Event.objects.count()
    assert demo.ensure_plant() == said
    assert Event.objects.count() == before


def test_console_says_how_to_sign_in_with_words_that_work(said: list[str]):
    text = "\n".join(said)
    assert demo_password() in text
    assert reverse("accounts:demo-codes") in text
    assert all(f"{part.username} " in text for part in PARTS)
    assert person("ana").check_password(demo_password())


def test_page_of_the_demonstration_shows_codes_password_and_files(said: list[str]):
    page = Client().get(reverse("accounts:demo-codes")).content.decode()
    assert demo_password() in page
    assert all(f">{part.username}<" in page for part in PARTS)
    assert page.count("/demo/files/") == 2
    given = Client().get(reverse("accounts:demo-file", args=["L-70107.zip"]))
    assert zipfile.ZipFile(io.BytesIO(b"".join(given))).testzip() is None
    assert Client().get(reverse("accounts:demo-file", args=["password.txt"])).status_code == 404


@pytest.mark.parametrize(
    ("username", "titles"),
    [
        ("ana", {"To sign": 1, "To review": 4, "Returned to me": 1}),
        ("jon", {"To review": 1}),
        ("kim", {"To review": 1}),
        ("rita", {"To sign": 1, "To review": 1}),
        ("dev", {"To sign": 1}),
        ("susan", {}),
    ],
)
def test_home_shows_each_person_their_own_work(said: list[str], username: str, titles: dict[str, int]):
    cards = worklists_of(actor_of(person(username), session="s"))
    assert {card.title: len(card.tasks) for card in cards if card.tasks} == titles


def test_without_demo_nothing_is_made_and_no_page_or_file_exists(said: list[str]):
    with override_settings(DEMO=False):
        with pytest.raises(NotADemonstration):
            demo.ensure_plant()
        assert Client().get(reverse("accounts:demo-codes")).status_code == 404
        assert Client().get(reverse("accounts:demo-file", args=["L-70107.zip"])).status_code == 404


@pytest.mark.clause("Annex 1 8.32")
def test_the_machine_is_shown_to_be_as_good_as_people_and_its_blind_spot_is_named(said: list[str]):
    study = KnappStudy.objects.get()
    result = study.result()
    assert result is not None
    assert (study.state, study.runs.count(), len(study.containers)) == ("reported", 60, 250)
    assert (result["passes"], result["critical_misses"], len(result["never_rejected"])) == (True, [], 1)
    assert result["zones"]["gray"] > 0
    assert "made for the demonstration" in study.purpose
    assert all(run.source_name == "made for the demonstration.csv" for run in study.runs.all())


def test_the_performance_qualification_rests_on_the_signed_report(said: list[str]):
    study, run = KnappStudy.objects.get(), Execution.objects.get(protocol__stage="pq")
    assert run.state == "reviewed"
    assert all(study.number in entry.actual for entry in run.entries.all())
    assert study.signatures.latest("id").content_hash in run.entries.get(step=1).actual
    signers = {row.signer.username for row in study.signatures.all()}
    assert signers == {"tomas", "quentin"}


@pytest.mark.clause("Annex 22 6")
def test_a_test_set_too_near_to_the_training_set_waits_with_its_pairs_named(said: list[str]):
    states = dict(DataSet.objects.values_list("purpose", "state"))
    assert states == {"train": "approved", "test": "draft"}
    pairs = find_overlap(DataSet.objects.get(purpose="test"))
    assert {pair.why for pair in pairs} == {"nearly the same picture as"}
    assert len(pairs) > 5
