"""What data-flow diagrams tell the signing page and their PDFs about themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from signatures.subjects import Facts, Subject, register_subject
from validation.diagram_layout import draw_diagram
from validation.diagrams import KINDS, read_diagram, words_of
from validation.models import DataFlow
from validation.subjects import reopening_facts, visible


def data_flow_facts(content: Mapping[str, Any]) -> Facts:
    """Return the few lines above the sign button."""
    facts = [
        ("System", content["system"]),
        ("Scope", content["scope"]),
        ("Diagram", f"{len(content['stages'])} stages, {len(content['flows'])} flows"),
    ]
    facts += [("Stays as it is", f"{row['finding']} {row['by']}: {row['reason']}") for row in content["reasons"]]
    return facts + reopening_facts(content)


def data_flow_tables(content: Mapping[str, Any], *, say: Callable[[str], str] = str) -> dict[str, Any]:
    """Return the drawing and the equal tables, for page and PDF alike; the page gives its reader's words."""
    diagram = read_diagram(content)
    names = {row.id: f"{row.id} {row.name}" for row in diagram.stages}
    stages = [(row, say(KINDS[row.kind]), tell_controls(row.controls, say)) for row in diagram.stages]
    flows = [(row, names[row.source], names[row.target], tell_controls(row.controls, say)) for row in diagram.links]
    return {"drawing": draw_diagram(diagram, say=say), "stage_rows": stages, "flow_rows": flows}


def tell_controls(controls: Iterable[str], say: Callable[[str], str]) -> str:
    """Return controls as one text."""
    return ", ".join(say(word) for word in words_of(controls))


DATA_FLOW_SUBJECT = register_subject(
    Subject(
        "validation.dataflow",
        url_name="validating:data-flow-detail",
        facts=data_flow_facts,
        rendition_template="validation/rendition_data_flow.html",
        rendition_context=data_flow_tables,
        visible=visible(DataFlow),
    )
)
