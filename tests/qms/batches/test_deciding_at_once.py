"""Two sessions that decide at the same moment: each gets its turn, and nobody overwrites anybody."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from qms.batches.aql_samples import draw_aql_sample
from qms.batches.decisions import agree_with_model, decide_unit
from qms.batches.errors_review import DecisionStale, SampleDrawnBefore
from qms.batches.models import AqlSample, Decision
from qms.batches.review_units import list_units
from records.errors import Refusal
from records.models import Event
from tests.qms.batches.review_stage import Stage, make_stage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.clause("11.10(e)", "11.10(f)")]


@pytest.fixture
def scene(transactional_db: None) -> Stage:
    return make_stage(units=12, mix_ups=3)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do all acts in threads of their own, started together; return their results or refusals."""
    barrier = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=30)
            results[place] = act()
        except Refusal as refusal:
            results[place] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    return results


def test_two_people_on_one_unit_give_one_decision_and_one_refusal(scene: Stage) -> None:
    image, crack = scene.image("good"), scene.defect("CRACK")
    first, second = scene.operator.actor(), scene.second.actor()
    results = at_once(
        lambda: agree_with_model(image, actor=first, seen=0),
        lambda: decide_unit(image, actor=second, verdict="reject", seen=0, defect=crack, reason_code="R6"),
    )
    assert sorted(isinstance(row, DecisionStale) for row in results) == [False, True]
    made = Decision.objects.get(image=image)
    refusal = next(row for row in results if isinstance(row, DecisionStale))
    assert made.decided_by.printed_name in refusal.text


def test_a_button_pressed_ten_times_gives_one_decision(scene: Stage) -> None:
    image, actor = scene.image("reject"), scene.operator.actor()
    results = at_once(*[lambda: agree_with_model(image, actor=actor, seen=0)] * 10)
    made = Decision.objects.get(image=image)
    assert {row.pk for row in results if isinstance(row, Decision)} == {made.pk}
    assert len([row for row in results if isinstance(row, Refusal)]) == 0
    assert Event.objects.filter(record_id=scene.batch.pk, act="batches.unit.agreed").count() == 1


def test_decisions_on_different_units_all_count_and_are_in_order(scene: Stage) -> None:
    images = list(scene.batch.images.order_by("position"))
    actors = [scene.operator.actor(), scene.second.actor()]

    def agree(place: int) -> Callable[[], object]:
        return lambda: decide_unit(images[place], actor=actors[place % 2], verdict="good", seen=0)

    good = [place for place, image in enumerate(images) if image.result.outcome == "good"]
    results = at_once(*[agree(place) for place in good])
    assert all(isinstance(row, Decision) for row in results)
    events = Event.objects.filter(record_id=scene.batch.pk, act="batches.unit.agreed").order_by("id")
    made = Decision.objects.filter(image__batch=scene.batch).order_by("id")
    assert [row.details["unit"] for row in events] == [row.image.unit_id for row in made]


def test_the_sample_is_drawn_once_even_if_two_people_draw(scene: Stage) -> None:
    scene.review_all()
    results = at_once(
        lambda: draw_aql_sample(scene.batch, actor=scene.operator.actor()),
        lambda: draw_aql_sample(scene.batch, actor=scene.second.actor()),
    )
    assert sorted(isinstance(row, SampleDrawnBefore) for row in results) == [False, True]
    assert AqlSample.objects.filter(batch=scene.batch).count() == 1


def test_a_reject_that_races_the_sample_is_in_it_or_before_it(scene: Stage) -> None:
    """Whoever comes first: a unit rejected before the draw is never in the sample."""
    scene.review_all()
    image, fill = scene.image("good", 5), scene.defect("FILL")
    seen, actor = scene.seen(image), scene.operator.actor()
    at_once(
        lambda: decide_unit(image, actor=actor, verdict="reject", seen=seen, defect=fill, reason_code="R6"),
        lambda: draw_aql_sample(scene.batch, actor=scene.second.actor()),
    )
    drawn = Event.objects.get(record_id=scene.batch.pk, act="batches.aql.drawn")
    rejected = Event.objects.get(record_id=scene.batch.pk, act="batches.unit.overridden")
    accepted = sum(unit.state.verdict == "good" for unit in list_units(scene.fresh()))
    assert drawn.details["accepted"] == accepted + (rejected.id > drawn.id)
