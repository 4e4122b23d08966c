"""A small data-flow diagram without findings, made and signed by the rules, for the tests that need one."""

from __future__ import annotations

from typing import Any

from tests.validation.desk import sign
from validation.data_flows import LinkRow, StageRow, draft_data_flow, save_diagram
from validation.diagrams import AUDIT_TRAIL, INTEGRITY_CHECK, STORE
from validation.models import DataFlow

STAGES = (
    StageRow("a", "Camera", "create", "photographs", ("access_control",)),
    StageRow("b", "Import", "process", "photographs", (INTEGRITY_CHECK,)),
    StageRow("c", "File store", STORE, "photographs, SHA-256", (AUDIT_TRAIL, "backup")),
)
LINKS = (
    LinkRow("x", "a", "b", "delivery", (INTEGRITY_CHECK, "encryption")),
    LinkRow("y", "b", "c", "checked photographs", (INTEGRITY_CHECK,)),
)


def make_data_flow(desk: Any) -> DataFlow:
    """Draft a diagram of three stages and two flows."""
    made = draft_data_flow(desk.system, actor=desk.engineer.actor(), title="Photographs", scope="Line 1")
    save_diagram(made, STAGES, LINKS, actor=desk.engineer.actor(), revision=1)
    return DataFlow.objects.get(pk=made.pk)


def approve_data_flow(desk: Any) -> DataFlow:
    """Have such a diagram signed."""
    made = make_data_flow(desk)
    sign(made, "approve", desk.engineer)
    sign(made, "approve", desk.qa)
    return DataFlow.objects.get(pk=made.pk)
