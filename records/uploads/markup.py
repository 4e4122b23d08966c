"""XML from people, read by the one safe way: no document type, so no entity of its own and nothing fetched. Pure.

Entities, parameter entities and external parts can only be declared in a DOCTYPE; a
file that has one is refused at that place, before anything of it is expanded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO, Any, Final
from xml.parsers import expat

from records.errors_files import DocumentDamaged, MarkupDeclaresType

MAX_DEPTH: Final = 50
MAX_ELEMENTS: Final = 200_000

Start = Callable[[str, Mapping[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


def check_xml(handle: IO[bytes], *, name: str) -> None:
    """Refuse XML that is not well formed, declares a type or is nested without reason.

    Raises: `MarkupDeclaresType`, `DocumentDamaged`.
    """
    handle.seek(0)
    walk_xml(handle.read(), name=name)


def walk_xml(
    content: bytes, *, name: str, start: Start | None = None, end: End | None = None, text: Text | None = None
) -> None:
    """Read XML from its beginning to its end, telling each element and text as it comes. Raises: as `check_xml`."""
    depth = count = 0

    def open_element(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > MAX_DEPTH or count > MAX_ELEMENTS:
            raise DocumentDamaged(name=name, why="it is nested deeper or has more elements than results need")
        if start is not None:
            start(tag, attributes)

    def close_element(tag: str) -> None:
        nonlocal depth
        depth -= 1
        if end is not None:
            end(tag)

    def refuse_type(*_declared: Any) -> None:
        raise MarkupDeclaresType(name=name)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = open_element, close_element
    parser.StartDoctypeDeclHandler = refuse_type
    if text is not None:
        parser.CharacterDataHandler = text
    try:
        parser.Parse(content, True)  # noqa: FBT003  expat takes it by position
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise DocumentDamaged(name=name, why="it is not well-formed XML") from error
