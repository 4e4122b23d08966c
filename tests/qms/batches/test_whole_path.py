"""From a lot's photographs to a batch in review."""

import pytest

from qms.batches.models import BatchRecord, Result
from tests.plant_data import Plant, batch_inspected

pytestmark = pytest.mark.django_db


def test_a_lot_goes_from_its_photographs_to_review(plant: Plant):
    batch = batch_inspected(plant, units=12, mix_ups=2)
    assert batch.state == "in_review"
    outcomes = dict(Result.objects.filter(image__batch=batch).values_list("image__unit_id", "outcome"))
    assert len(outcomes) == 12
    assert {unit for unit, outcome in outcomes.items() if outcome == "reject"} == {"F-022", "F-088"}
    assert batch.recipe is not None
    assert batch.recipe["model_sha256"] == plant.model.artefact_id
    assert [(run.phase, run.passed) for run in batch.challenges.all()] == [("start", True), ("end", True)]
    assert BatchRecord.objects.get(pk=batch.pk).fileset_hash
