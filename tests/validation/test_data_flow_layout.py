"""The drawing of a data-flow diagram: no box on another, every flow from its box to its box and through none."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.diagram_layout import PORT, Box, Drawing, draw_diagram
from validation.diagrams import CONTROLS, KINDS, Diagram, Link, Stage

pytestmark = pytest.mark.clause("Annex 11 4.3")

names = st.text(max_size=60)


@st.composite
def diagrams(draw: st.DrawFn) -> Diagram:
    count = draw(st.integers(0, 14))
    stages = tuple(
        Stage(
            f"S{number}",
            draw(names),
            draw(st.sampled_from(sorted(KINDS))),
            draw(names),
            tuple(draw(st.sets(st.sampled_from(sorted(CONTROLS)), max_size=4))),
        )
        for number in range(1, count + 1)
    )
    keys = st.sampled_from([row.id for row in stages]) if stages else st.nothing()
    pairs = draw(
        st.lists(st.tuples(keys, keys).filter(lambda pair: pair[0] != pair[1]), max_size=30 if count > 1 else 0)
    )
    links = tuple(Link(f"F{number}", *pair) for number, pair in enumerate(pairs, 1))
    return Diagram(stages, links)


def is_on_edge(point: tuple[float, float], box: Box) -> bool:
    x, y = point
    return box.x < x < box.x + box.width and y in (box.y, box.y + box.height)


def enters(start: tuple[float, float], end: tuple[float, float], box: Box) -> bool:
    """Tell whether any of many points of a segment lies inside a box."""
    steps = 60
    return any(
        box.x < start[0] + (end[0] - start[0]) * n / steps < box.x + box.width
        and box.y < start[1] + (end[1] - start[1]) * n / steps < box.y + box.height
        for n in range(steps + 1)
    )


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def check(diagram: Diagram, drawing: Drawing) -> None:
    boxes = {box.stage.id: box for box in drawing.boxes}
    assert list(boxes) == [row.id for row in diagram.stages]
    assert not [pair for pair in combinations(drawing.boxes, 2) if overlap(*pair)]
    assert all(box.x >= 0 and box.x + box.width <= drawing.width for box in drawing.boxes)
    assert all(box.y >= 0 and box.y + box.height <= drawing.height for box in drawing.boxes)
    assert [line.link for line in drawing.lines] == list(diagram.links)
    for line in drawing.lines:
        assert is_on_edge(line.points[0], boxes[line.link.source])
        assert is_on_edge(line.points[-1], boxes[line.link.target])
        assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in line.points)
        for start, end in pairwise(line.points):
            assert not [box.stage.id for box in drawing.boxes if enters(start, end, box)]
    spots = [line.number_at for line in drawing.lines]
    assert all(abs(a[0] - b[0]) >= PORT * 0.99 or a[1] != b[1] for a, b in combinations(spots, 2))


@given(diagrams())
def test_no_box_lies_on_another_and_every_flow_runs_from_box_to_box(diagram: Diagram):
    check(diagram, draw_diagram(diagram))


@given(diagrams())
def test_the_same_diagram_is_drawn_the_same(diagram: Diagram):
    assert draw_diagram(diagram) == draw_diagram(Diagram(diagram.stages, diagram.links))


@given(diagrams())
def test_flows_lead_down_unless_they_close_a_circle(diagram: Diagram):
    boxes = {box.stage.id: box for box in draw_diagram(diagram).boxes}
    upwards = {row for row in diagram.links if boxes[row.source].y >= boxes[row.target].y}
    for link in upwards:
        assert link.source in reached(link.target, set(diagram.links))


def reached(start: str, links: set[Link]) -> set[str]:
    found = {start}
    while more := {row.target for row in links if row.source in found} - found:
        found |= more
    return found


def test_boxes_grow_with_their_flows():
    stages = tuple(Stage(f"S{number}", "x", "process") for number in range(1, 4))
    links = tuple(Link(f"F{number}", "S1", "S2") for number in range(1, 21))
    first, second, third = draw_diagram(Diagram(stages, links)).boxes
    assert first.width == second.width > third.width


def test_the_check_would_notice_a_line_through_a_box():
    """A negative control: a straight line between boxes of far layers runs through what stands between."""
    stages = tuple(Stage(f"S{number}", "x", "process") for number in range(1, 4))
    links = (Link("F1", "S1", "S2"), Link("F2", "S2", "S3"), Link("F3", "S1", "S3"))
    first, second, third = draw_diagram(Diagram(stages, links)).boxes
    assert enters((second.x + 30, first.y + first.height), (second.x + 30, third.y), second)
