"""Model versions: stored and hashed once, released by two people, retired by quality."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pytest_django.plugin import DjangoDbBlocker

from qms.releases.errors import ArtefactChanged, AuthorCannotRelease, ModelNotValid, ModelVersionTaken
from qms.releases.models import ModelVersion
from qms.releases.registering import register_model_version
from records.errors import RoleNotAllowed, SigningRequired, TransitionNotAllowed
from records.stores import file_store
from records.workflow import perform_transition
from signatures.ceremonies import open_ceremony
from signatures.errors import SeatNeedsRole
from tests.people import Person, make_crew
from tests.plant_data import MODELS, REASON, make_model, release_model, sign
from tests.qms.batches.review_stage import shared_transaction

pytestmark = pytest.mark.django_db


@dataclass
class People:
    author: Person
    second: Person
    qa: Person
    operator: Person
    both: Person


@pytest.fixture(scope="module")
def shared_people(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[People]:
    with shared_transaction(django_db_blocker):
        crew = make_crew()
        yield People(
            author=crew.add("author", "data_scientist"),
            second=crew.add("second", "data_scientist"),
            qa=crew.add("qa", "qa_manager"),
            operator=crew.add("operator", "operator"),
            both=crew.add("both", "data_scientist", "qa_manager"),
        )


@pytest.fixture
def people(shared_people: People, db: None) -> People:
    """Return the people, nobody signed in."""
    return People(*(replace(person, _client=None) for person in vars(shared_people).values()))


def test_the_artefact_is_stored_and_pinned_by_its_hash(people: People):
    model = make_model(people.author)
    content = (MODELS / "vial_identity_candidate.onnx").read_bytes()
    assert file_store().read_checked(model.artefact_id) == content
    assert (model.state, model.author_id) == ("draft", people.author.user.pk)
    assert model.content()["artefact_sha256"] == model.artefact_id


def test_a_name_and_version_is_given_once(people: People):
    make_model(people.author, version="7")
    with pytest.raises(ModelVersionTaken):
        make_model(people.author, version="7")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"classes": ("one",)}, "at least two"),
        ({"accept_at": Decimal("0.9"), "reject_at": Decimal("0.95")}, "below the accept"),
        ({"reject_at": Decimal("0.4")}, "above 0.5"),
        ({"artefact": io.BytesIO(b"not a model")}, "cannot load"),
    ],
    ids=["one class", "crossed thresholds", "a threshold that decides nothing", "no model"],
)
def test_a_model_that_cannot_decide_is_refused(people: People, facts: dict[str, object], said: str):
    given: dict[str, object] = {
        "artefact": io.BytesIO((MODELS / "vial_identity_candidate.onnx").read_bytes()),
        "classes": ("fentanyl_citrate", "midazolam"),
        "accept_at": Decimal("0.965"),
        "reject_at": Decimal("0.9"),
    } | facts
    artefact = given.pop("artefact")
    with pytest.raises(ModelNotValid, match=said):
        register_model_version(
            artefact,  # type: ignore[arg-type]
            actor=people.author.actor(),
            name="bad",
            version="1",
            intended_use="none",
            reason=REASON,
            **given,  # type: ignore[arg-type]
        )
    assert not ModelVersion.objects.filter(name="bad").exists()


@pytest.mark.clause("11.10(g)")
def test_only_data_scientists_register(people: People):
    with pytest.raises(RoleNotAllowed):
        make_model(people.qa)


@pytest.mark.clause("11.10(f)", "11.70")
def test_a_release_needs_both_signatures_in_their_order(people: People):
    model = make_model(people.author)
    with pytest.raises(SigningRequired):
        perform_transition(model, "release", actor=people.qa.actor())
    with pytest.raises(SeatNeedsRole):
        open_ceremony(model, "release", actor=people.qa.actor())
    sign(model, "release", people.author)
    model.refresh_from_db()
    assert model.state == "draft"
    sign(model, "release", people.qa)
    model.refresh_from_db()
    assert model.state == "released"


@pytest.mark.clause("11.10(g)")
@pytest.mark.assurance("A6")
def test_the_author_never_signs_for_the_quality_of_their_own_model(people: People):
    model = make_model(people.both)
    sign(model, "release", people.second)
    with pytest.raises(AuthorCannotRelease):
        open_ceremony(model, "release", actor=people.both.actor())


@pytest.fixture
def swapped(people: People) -> Iterator[tuple[ModelVersion, Path]]:
    """Give a draft whose stored file was replaced, and put it back afterwards."""
    model = make_model(people.author)
    path = file_store().path_of(model.artefact_id)
    content = path.read_bytes()
    path.chmod(0o640)
    path.write_bytes(b"something else")
    yield model, path
    path.write_bytes(content)
    path.chmod(0o440)


@pytest.mark.clause("11.10(a)")
def test_a_file_that_changed_in_the_store_is_not_released(people: People, swapped: tuple[ModelVersion, Path]):
    with pytest.raises(ArtefactChanged):
        open_ceremony(swapped[0], "release", actor=people.author.actor())


def test_quality_retires_with_a_reason_and_a_retired_model_stays_so(people: People):
    model = release_model(make_model(people.author), author=people.author, qa_manager=people.qa)
    sign(model, "retire", people.qa, reason="replaced by version 8")
    model.refresh_from_db()
    assert model.state == "retired"
    with pytest.raises(TransitionNotAllowed):
        open_ceremony(model, "release", actor=people.author.actor())


def test_a_model_is_registered_on_its_page_and_shows_what_blocks_its_release(people: People):
    fields = {
        "name": "vial-identity",
        "version": "9",
        "artefact": SimpleUploadedFile("m.onnx", (MODELS / "vial_identity_candidate.onnx").read_bytes()),
        "classes": "fentanyl_citrate, midazolam",
        "accept_at": "0.965",
        "reject_at": "0.9",
        "intended_use": "Tells two products apart.",
        "reason": REASON,
    }
    page = people.author.client().post(reverse("releases:model-new"), fields, follow=True)
    assert page.status_code == 200
    assert b"Signature of a QA manager: missing" in page.content
    model = ModelVersion.objects.get(version="9")
    sign(model, "release", people.author)
    page = people.qa.client().get(reverse("releases:model-detail", args=[model.number]))
    assert b"Signature of a Data scientist: given" in page.content
    assert b"Release" in page.content
    assert people.operator.client().get(reverse("releases:model-list")).status_code == 200


@pytest.mark.clause("11.10(d)")
def test_the_artefact_leaves_only_as_an_attachment(people: People):
    model = make_model(people.author)
    answer = people.author.client().get(reverse("releases:model-artefact", args=[model.number]))
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_an_unknown_number_is_a_clear_404(people: People):
    answer = people.author.client().get(reverse("releases:model-detail", args=["MV-1999-0001"]))
    assert answer.status_code == 404
    assert b"There is no model version MV-1999-0001" in answer.content
