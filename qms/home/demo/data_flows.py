"""The demonstration's data-flow diagram, drawn and signed by its people. Does only what is missing."""

from __future__ import annotations

from qms.home.demo.cast import Cast
from qms.home.demo.data_flow_text import INTERFACES, LINKS, SCOPE, STAGES, TITLE
from qms.home.demo.signing import ensure_signed
from qms.home.demo.steps import SECOND_ENGINEER, SECOND_QUALITY
from validation.data_flows import LinkRow, StageRow, draft_data_flow, known_interfaces, save_diagram
from validation.inventory import add_item
from validation.models import ConfigurationItem, DataFlow, System

REASON = "validation of the vial inspection"


def tell_data_flow(cast: Cast, system: System) -> DataFlow:
    """Draw the way of the vial images of a system to their disposition, and have it signed."""
    actor = cast.actor(SECOND_ENGINEER)
    for name, version in INTERFACES:
        if name not in known_interfaces(system):
            kind = ConfigurationItem.Kind.INTERFACE
            add_item(system, actor=actor, kind=kind, name=name, version=version, reason=REASON)
    found = DataFlow.objects.filter(system=system).first() or draft_data_flow(
        system, actor=actor, title=TITLE, scope=SCOPE
    )
    if not found.stages.exists():
        stages = [StageRow(*row) for row in STAGES]
        links = [LinkRow(*row) for row in LINKS]
        save_diagram(found, stages, links, actor=actor, revision=found.revision)
    ensure_signed(cast, found, "approve", SECOND_ENGINEER, SECOND_QUALITY)
    return DataFlow.objects.get(pk=found.pk)
