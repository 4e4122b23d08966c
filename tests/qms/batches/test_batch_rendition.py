"""The signed PDF of a batch says what was signed, from the frozen content alone."""

import io

import pypdf
import pytest

from qms.batches.aql_samples import draw_aql_sample, record_findings
from qms.batches.content_summary import redraw_random_check, summarise_content
from qms.batches.counting import tally_batch
from qms.batches.models import DefectClass
from qms.batches.review_units import list_units
from qms.batches.second_person import verify_override
from qms.batches.subjects import batch_facts
from records.acting import acting
from records.versions import read_content
from signatures.models import Signature
from signatures.queries import is_round_complete
from signatures.renditions import draw_rendition
from tests.qms.batches.review_stage import Stage

pytestmark = [pytest.mark.django_db, pytest.mark.clause("11.10(b)", "11.50(b)")]


@pytest.fixture
def signed(stage: Stage) -> Signature:
    """Return the signature of a review with one verified override and one reject against the model."""
    image = stage.image("reject")
    stage.decide(image, "good", reason_code="R1", reason_text="glare on the neck")
    verify_override(image, actor=stage.second.actor(), seen=stage.seen(image))
    stage.decide(stage.image("good", 3), "reject", defect=stage.defect("SCRATCH"), reason_code="R6")
    stage.review_all()
    draw_aql_sample(stage.batch, actor=stage.operator.actor())
    record_findings(stage.batch, actor=stage.operator.actor(), findings=[])
    stage.sign("sign_review", stage.operator)
    return Signature.objects.get(record_id=stage.batch.pk, action="sign_review")


def test_the_content_alone_gives_the_same_counts_as_the_rows(stage: Stage, signed: Signature):
    summary = summarise_content(read_content(signed.version))
    tally = tally_batch(stage.fresh())
    assert (summary.inspected, summary.accepted, summary.rejected, summary.open) == (
        tally.inspected,
        tally.accepted,
        tally.rejected,
        0,
    )
    names = {row.pk: row.name for row in DefectClass.objects.filter(product=stage.plant.product)}
    assert {row[0]: row[2] for row in summary.classes} == {names[pk]: n for pk, n in tally.by_defect.items()}
    random = {unit.unit_id for unit in list_units(stage.fresh()) if unit.is_random}
    assert set(redraw_random_check(read_content(signed.version))) == random


def test_the_pdf_prints_overrides_with_picture_reason_and_second_person(stage: Stage, signed: Signature):
    assert is_round_complete(signed)
    reader = pypdf.PdfReader(io.BytesIO(draw_rendition(signed.version, "sign_review")))
    text = "\n".join(sheet.extract_text() for sheet in reader.pages)
    unit = stage.image("reject").unit_id
    for words in (f"Unit {unit}: reject → good", "glare on the neck", "kim", "Scratch", "AQL sample", "Reconciliation"):
        assert words in text
    assert len({picture.data for sheet in reader.pages for picture in sheet.images}) == 2
    assert all(row.unit_id in text for row in list_units(stage.fresh()))


def test_the_pdf_does_not_change_with_the_database(stage: Stage, signed: Signature):
    first = draw_rendition(signed.version, "sign_review")
    with acting(stage.qa.actor(), "batches.product.edited", reason="renamed in the library", details={"code": "x"}):
        DefectClass.objects.filter(product=stage.plant.product, code="SCRATCH").update(name="Something else")
    assert draw_rendition(signed.version, "sign_review") == first


def test_the_signing_page_tells_what_is_signed(stage: Stage, signed: Signature):
    facts = dict(batch_facts(read_content(signed.version)))
    assert facts["Units"].startswith("40 inspected")
    assert facts["Overrides"] == "2 (1 verified by a second person)"
    assert facts["AQL sample"] == "passed"
