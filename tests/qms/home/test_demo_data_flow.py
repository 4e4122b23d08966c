"""The demonstration's data flow has no finding and its way from capture to disposition is whole."""

from __future__ import annotations

import pytest

from qms.home.demo.data_flow_text import INTERFACES, LINKS, STAGES
from validation.diagrams import Diagram, Link, Stage, find_findings

pytestmark = pytest.mark.clause("Annex 11 4.3")


def test_the_shipped_diagram_lacks_nothing_and_leads_from_the_camera_to_the_disposition():
    diagram = Diagram(tuple(Stage(*row) for row in STAGES), tuple(Link(*row) for row in LINKS))
    assert find_findings(diagram, interfaces=[name for name, _ in INTERFACES]) == []
    reached = {"camera"}
    while more := {row.target for row in diagram.links if row.source in reached} - reached:
        reached |= more
    assert {"files", "model", "review", "database", "disposition", "ledger", "erp"} <= reached
