"""Two contents or texts compared, changed fields first, marked word by word.

Pure and bounded: however large or hostile the texts, it answers within its limits and
says what it left out. Serves: 21 CFR 11.10(e), 11.10(k)(2).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

LEAF_LIMIT = 50_000
"""Fields compared of one content; a batch of 500 units has about 6,000."""

ROW_LIMIT = 500
"""Changed fields shown; the number left out is told."""

WORD_PRODUCT_LIMIT = 250_000
"""Words of one text times words of the other; beyond it the texts show as replaced."""

TEXT_LIMIT = 20_000
"""Characters of one text that are compared and shown."""

IDENTITIES = ("unit", "number", "code", "sha256", "name", "trigger", "set", "username", "id")
"""Fields that name an item of a list, best first: an item keeps its place under its name."""

_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text and whether the other text lacks it."""

    text: str
    is_marked: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in two contents; None means that a content has no such field."""

    label: str
    old: str | None
    new: str | None

    @property
    def changed(self) -> bool:
        """Tell whether the two differ."""
        return self.old != self.new

    @property
    def kind(self) -> str:
        """Return the word for what happened: added, removed, changed or same."""
        if not self.changed:
            return "same"
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "changed"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rows of a comparison, changed ones first, and how many changed rows were left out."""

    rows: tuple[Difference, ...]
    left_out: int = 0

    @property
    def changed(self) -> tuple[Difference, ...]:
        """Return only the rows that differ."""
        return tuple(row for row in self.rows if row.changed)

    @property
    def fields(self) -> str:
        """Return the changed top-level fields as one line of words."""
        names = dict.fromkeys(row.label.split(" › ")[0] for row in self.changed)
        return ", ".join(names)


def compare_contents(
    old: Mapping[str, object], new: Mapping[str, object], *, labels: Mapping[str, str] | None = None
) -> Comparison:
    """Compare two contents field by field, changed fields first, in the newer one's order.

    ``labels`` give words for top-level fields; the others are made from their names.
    """
    words = labels or {}
    before, after = dict(_leaves(old, (), words)), dict(_leaves(new, (), words))
    paths = [*after, *(path for path in before if path not in after)]
    changed: list[Difference] = []
    same: list[Difference] = []
    for path in paths:
        row = Difference(" › ".join(path), before.get(path), after.get(path))
        (changed if row.changed else same).append(row)
    return Comparison((*changed[:ROW_LIMIT], *same), max(0, len(changed) - ROW_LIMIT))


def list_fields(content: Mapping[str, object], *, labels: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    """Return every field of a content as its path in words and its text, in order, up to the limit."""
    return [(" › ".join(path), text) for path, text in _leaves(content, (), labels or {})]


def changed_fields(old: Mapping[str, object], new: Mapping[str, object]) -> Comparison:
    """Compare two contents and keep only what differs."""
    whole = compare_contents(old, new)
    return Comparison(whole.changed, whole.left_out)


def compare_words(old: str, new: str) -> tuple[list[Piece], list[Piece]]:
    """Compare two texts word by word; the pieces marked in each are those the other lacks."""
    old, new = _cut(old), _cut(new)
    before, after = _WORD.findall(old), _WORD.findall(new)
    head = _shared(before, after)
    tail = _shared(before[head:][::-1], after[head:][::-1])
    left = _pieces(before[:head], is_marked=False)
    right = list(left)
    for one, other in _changed_words(before[head : len(before) - tail], after[head : len(after) - tail]):
        left += one
        right += other
    end = _pieces(before[len(before) - tail :], is_marked=False) if tail else []
    return left + end, right + end


def _changed_words(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[list[Piece], list[Piece]]]:
    if len(before) * len(after) > WORD_PRODUCT_LIMIT:
        yield _pieces(before, is_marked=True), _pieces(after, is_marked=True)
        return
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=len(before) + len(after) > 400)
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        is_marked = kind != "equal"
        yield (
            _pieces(before[old_from:old_to], is_marked=is_marked),
            _pieces(after[new_from:new_to], is_marked=is_marked),
        )


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    return shared


def _pieces(words: Sequence[str], *, is_marked: bool) -> list[Piece]:
    return [Piece("".join(words), is_marked)] if words else []


def _cut(text: str) -> str:
    if len(text) <= TEXT_LIMIT:
        return text
    return f"{text[:TEXT_LIMIT]} … ({len(text) - TEXT_LIMIT} more characters are not shown)"


def _leaves(value: object, path: tuple[str, ...], labels: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each leaf's path of words and its text, without recursion, up to the limit."""
    pending = [(value, path)]
    count = 0
    while pending:
        current, place = pending.pop()
        children = list(_children(current, labels if not place else {}))
        if children:
            pending.extend((child, (*place, name)) for name, child in reversed(children))
            continue
        if not place:
            return  # a content without any field
        count += 1
        if count > LEAF_LIMIT:
            yield ("…", "more fields than can be compared"), str(len(pending))
            return
        yield place, _leaf_text(current)


def _children(value: object, labels: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield labels.get(str(key)) or _words(str(key)), item
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        names = _names(value)
        yield from zip(names, value, strict=True)


def _names(items: Sequence[object]) -> list[str]:
    for identity in IDENTITIES:
        found = [item.get(identity, _MISSING) if isinstance(item, Mapping) else _MISSING for item in items]
        if all(isinstance(name, str | int) for name in found) and len(set(found)) == len(found):
            return [str(name) for name in found]
    return [str(position) for position in range(1, len(items) + 1)]


def _words(name: str) -> str:
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _leaf_text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dict() | list() | tuple():
            return "none"
        case _:
            return str(value)
