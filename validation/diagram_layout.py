"""Where the boxes and lines of a data-flow diagram go: layers from top to bottom, the same for the same diagram. Pure.

A flow that passes layers gets a place of its own in each, so that no line runs through a
box; a flow that leads back is drawn upwards. Lines turn only in the space between
layers. Units: pixels of the drawing.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from validation.diagrams import KINDS, Diagram, Link, Stage, words_of

BOX_WIDTH: Final = 216
BOX_HEIGHT: Final = 124
GAP_X: Final = 36
GAP_Y: Final = 92
MARGIN: Final = 20
LANE: Final = 28  # the width of a line's own place in a layer
PORT: Final = 24  # least distance of two lines on one side of a box
STUB: Final = 36  # how far a line leaves a box straight
HEAD: Final = 20  # how far it enters one straight, arrow included
NUMBER_AT: Final = 22  # where the flow's number sits on the stub
SWEEPS: Final = 6

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of text in a box: its baseline, its words, and the class that styles it."""

    y: float
    text: str
    style: str


@dataclass(frozen=True, slots=True)
class Box:
    """A stage as drawn."""

    stage: Stage
    x: float
    y: float
    width: float
    rows: tuple[Row, ...] = ()
    height: float = BOX_HEIGHT

    @property
    def right(self) -> float:
        """Return its right edge."""
        return self.x + self.width

    @property
    def bar_y(self) -> float:
        """Return where the bar of a store is."""
        return self.y + 27

    @property
    def text_x(self) -> float:
        """Return where its text begins."""
        return self.x + 12


@dataclass(frozen=True, slots=True)
class Line:
    """A flow as drawn: its corners from source to target, its arrow's head, where its number sits."""

    link: Link
    points: tuple[Point, ...]
    head: tuple[Point, ...]
    number_at: Point

    @property
    def path(self) -> str:
        """Return the corners as SVG writes them."""
        return " ".join(f"{x:g},{y:g}" for x, y in self.points)

    @property
    def head_path(self) -> str:
        """Return the arrow's head as SVG writes it."""
        return " ".join(f"{x:g},{y:g}" for x, y in self.head)

    @property
    def number(self) -> str:
        """Return what its circle says."""
        return self.link.id.removeprefix("F")

    @property
    def text_y(self) -> float:
        """Return the baseline of its number."""
        return self.number_at[1] + 4


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole picture."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


@dataclass(slots=True)
class _Place:
    """A box, or the place of a line that passes a layer, while the drawing is made."""

    layer: int
    width: float = LANE
    x: float = 0.0
    above: list[_Place] = field(default_factory=list)
    below: list[_Place] = field(default_factory=list)

    @property
    def middle(self) -> float:
        """Return its middle from left to right."""
        return self.x + self.width / 2


def draw_diagram(diagram: Diagram, *, say: Callable[[str], str] = str) -> Drawing:
    """Return the drawing of a diagram, its fixed words as ``say`` gives them; a flow to its own stage is left out."""
    links = [row for row in diagram.links if row.source != row.target]
    layers = find_layers(diagram.stages, links)
    places, chains = _make_places(diagram.stages, links, layers)
    rows = _order_places(places)
    width = _set_out(rows)
    boxes = {row.id: _make_box(row, places["box", row.id], say) for row in diagram.stages}
    lines = _make_lines(links, chains, boxes)
    height = 2 * MARGIN + max(0, len(rows) * (BOX_HEIGHT + GAP_Y) - GAP_Y)
    return Drawing(width, height, tuple(boxes.values()), tuple(lines))


def find_layers(stages: Sequence[Stage], links: Sequence[Link]) -> dict[str, int]:
    """Return the layer of every stage: below all that lead to it, flows that lead back not counted."""
    targets: dict[str, list[str]] = {row.id: [] for row in stages}
    for link in links:
        targets[link.source].append(link.target)
    rank = {stage: number for number, stage in enumerate(_put_onwards(targets))}
    layers = dict.fromkeys(rank, 0)
    for stage in rank:
        for target in targets[stage]:
            if rank[target] > rank[stage]:
                layers[target] = max(layers[target], layers[stage] + 1)
    return layers


def _put_onwards(targets: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the stages so that flows lead onwards, as far as they do not run in a circle."""
    seen: set[str] = set()
    found: list[str] = []

    def visit(stage: str) -> None:
        seen.add(stage)
        for target in targets[stage]:
            if target not in seen:
                visit(target)
        found.append(stage)

    for root in reversed(list(targets)):
        if root not in seen and not _is_target(root, targets):
            visit(root)
    for root in targets:
        if root not in seen:
            visit(root)
    return found[::-1]


def _is_target(stage: str, targets: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether any flow leads to a stage."""
    return any(stage in row for row in targets.values())


def _make_places(
    stages: Sequence[Stage], links: Sequence[Link], layers: Mapping[str, int]
) -> tuple[dict[tuple[str, str], _Place], list[list[_Place]]]:
    """Return the places of boxes and of lines that pass a layer, and for each flow its places from top to bottom."""
    places = {("box", row.id): _Place(layers[row.id]) for row in stages}
    chains = []
    for link in links:
        upper, lower = sorted((link.source, link.target), key=lambda key: layers[key])
        chain = [places["box", upper]]
        for layer in range(layers[upper] + 1, layers[lower]):
            chain.append(places.setdefault((link.id, str(layer)), _Place(layer)))
        chain.append(places["box", lower])
        for before, after in pairwise(chain):
            before.below.append(after)
            after.above.append(before)
        chains.append(chain)
    for row in stages:
        place = places["box", row.id]
        place.width = max(BOX_WIDTH, PORT * (max(len(place.above), len(place.below)) + 1))
    return places, chains


def _order_places(places: Mapping[tuple[str, str], _Place]) -> list[list[_Place]]:
    """Return the layers, each in an order that keeps lines short: by the middle of what each place is tied to."""
    count = 1 + max((place.layer for place in places.values()), default=-1)
    rows: list[list[_Place]] = [[] for _ in range(count)]
    for place in places.values():
        rows[place.layer].append(place)
    for _ in range(SWEEPS):
        _set_out(rows)
        for row in rows:
            row.sort(key=lambda place: _mean(place.above, place))
        _set_out(rows)
        for row in reversed(rows):
            row.sort(key=lambda place: _mean(place.below, place))
    return rows


def _mean(tied: Sequence[_Place], place: _Place) -> float:
    """Return the mean middle of what a place is tied to on one side, or its own."""
    return sum(row.middle for row in tied) / len(tied) if tied else place.middle


def _set_out(rows: Sequence[Sequence[_Place]]) -> float:
    """Give each place its left edge, each layer in the middle; return the width of the drawing."""
    widths = [sum(place.width for place in row) + GAP_X * (len(row) - 1) for row in rows]
    full = max(widths, default=0.0)
    for row, width in zip(rows, widths, strict=True):
        x = MARGIN + (full - width) / 2
        for place in row:
            place.x = x
            x += place.width + GAP_X
    return full + 2 * MARGIN


def _make_lines(links: Sequence[Link], chains: Sequence[Sequence[_Place]], boxes: Mapping[str, Box]) -> list[Line]:
    """Return every flow along its places, from port to port."""
    starts = _find_ports(chains, end=0, toward=1)
    ends = _find_ports(chains, end=-1, toward=-2)
    found = []
    for number, (link, chain) in enumerate(zip(links, chains, strict=True)):
        xs = [starts[number], *(place.middle for place in chain[1:-1]), ends[number]]
        points = [(xs[0], _bottom(chain[0]))]
        for (upper, x_above), (lower, x_below) in pairwise(zip(chain, xs, strict=True)):
            points += [(x_above, _bottom(upper) + STUB), (x_below, _top(lower) - HEAD)]
        points.append((xs[-1], _top(chain[-1])))
        number_at = (xs[0], _bottom(chain[0]) + NUMBER_AT)
        if boxes[link.source].y > boxes[link.target].y:
            points.reverse()
        found.append(Line(link, tuple(points), _make_head(points[-1], points[-2]), number_at))
    return found


def _find_ports(chains: Sequence[Sequence[_Place]], *, end: int, toward: int) -> dict[int, float]:
    """Return where each flow touches the box at one end of its chain, in the order in which the flows leave it."""
    touching: dict[int, list[int]] = defaultdict(list)
    for number, chain in enumerate(chains):
        touching[id(chain[end])].append(number)
    found = {}
    for numbers in touching.values():
        numbers.sort(key=lambda number: (chains[number][toward].middle, number))
        place = chains[numbers[0]][end]
        for port, number in enumerate(numbers, 1):
            found[number] = place.x + place.width * port / (len(numbers) + 1)
    return found


def _make_head(tip: Point, before: Point) -> tuple[Point, ...]:
    """Return the arrow's head at a line's end."""
    back = -9 if tip[1] > before[1] else 9
    return (tip, (tip[0] - 5, tip[1] + back), (tip[0] + 5, tip[1] + back))


def _top(place: _Place) -> float:
    """Return the upper edge of a place's layer."""
    return MARGIN + place.layer * (BOX_HEIGHT + GAP_Y)


def _bottom(place: _Place) -> float:
    """Return the lower edge of a place's layer."""
    return _top(place) + BOX_HEIGHT


def _make_box(stage: Stage, place: _Place, say: Callable[[str], str]) -> Box:
    """Return a stage as drawn, as much of its words as its box holds; the table beside has all of them."""
    controls = ", ".join(say(word) for word in words_of(stage.controls))
    rows = [(20.0, say(KINDS[stage.kind]), "flow-kind")]
    rows += [(42.0 + 17 * n, text, "flow-name") for n, text in enumerate(_clip(f"{stage.id} {stage.name}", 27, 2))]
    rows += [(79.0, text, "flow-records") for text in _clip(stage.records, 34, 1)]
    rows += [(98.0 + 14 * n, text, "flow-controls") for n, text in enumerate(_clip(controls, 36, 2))]
    top = _top(place)
    return Box(stage, place.x, top, place.width, tuple(Row(top + y, text, style) for y, text, style in rows))


def _clip(text: str, width: int, lines: int) -> list[str]:
    """Return a text as so many lines of so many characters; wide characters count twice."""
    if any(unicodedata.east_asian_width(sign) in "WF" for sign in text):
        width //= 2
    return textwrap.wrap(text, width=width, max_lines=lines, placeholder=" …")
