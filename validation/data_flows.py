"""Data-flow diagrams: drafted and saved as tables, checked, each finding mended or given a reason before approval.

Serves: EU GMP Annex 11 §4.3; 21 CFR 11.10(a).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from records.acting import acting
from records.creation import create_record
from records.editing import stale_revision
from records.errors import RecordNotEditable
from records.evidence import Actor
from records.models import ControlledRecord
from records.workflow import lock_record, state_label, take_role
from validation.diagrams import CONTROLS, FLOW_CONTROLS, KINDS, Finding, find_findings, read_diagram
from validation.errors_data_flows import DiagramRowNotWhole, DiagramTooLarge, FindingUnknown
from validation.models import ConfigurationItem, DataFlow, FlowLink, FlowStage, System
from validation.requirements import raise_revision
from validation.workflow import ENGINEERS

MAX_STAGES, MAX_LINKS = 40, 80
DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class StageRow:
    """A stage as typed. ``key`` is ``S3`` for one that is there, anything else for a new one."""

    key: str
    name: str
    kind: str = ""
    records: str = ""
    controls: tuple[str, ...] = ()
    is_removed: bool = False


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A flow as typed, its ends by the keys of their stages. ``key`` is ``F3`` for one that is there."""

    key: str
    source: str
    target: str
    data: str = ""
    controls: tuple[str, ...] = ()
    is_removed: bool = False


def draft_data_flow(system: System, *, actor: Actor, title: str, scope: str) -> DataFlow:
    """Draft the data-flow diagram of a system. Writes: validation_dataflow, `validation.data_flow.drafted`."""
    actor = take_role(actor, ENGINEERS)
    act = "validation.data_flow.drafted"
    return create_record(DataFlow, actor=actor, title=title, act=act, system=system, scope=scope)


def edit_data_flow(data_flow: DataFlow, *, actor: Actor, revision: int, title: str, scope: str) -> DataFlow:
    """Change a draft's title and scope.

    Writes: validation_dataflow, `validation.data_flow.changed`. Raises: `RecordNotEditable`, `StaleRevision`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_draft(data_flow, revision=revision)
        with acting(actor, "validation.data_flow.changed", locked, details={"summary": "title or scope"}):
            locked.title, locked.scope = title, scope
            locked.save(update_fields=["title", "scope"])
            raise_revision(locked)
    return locked


def save_diagram(
    data_flow: DataFlow, stages: Sequence[StageRow], links: Sequence[LinkRow], *, actor: Actor, revision: int
) -> DataFlow:
    """Save both tables as typed: change, add and take out rows; reasons whose finding is mended fall away.

    Writes: validation_flowstage, validation_flowlink, validation_dataflow, one event. Raises:
    `RecordNotEditable`, `StaleRevision`, `DiagramRowNotWhole`, `DiagramTooLarge`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_draft(data_flow, revision=revision)
        kept_stages = [row for row in stages if not row.is_removed]
        kept_links = [row for row in links if not row.is_removed]
        check_rows(kept_stages, kept_links)
        if len(kept_stages) > MAX_STAGES or len(kept_links) > MAX_LINKS:
            raise DiagramTooLarge(stages=MAX_STAGES, flows=MAX_LINKS)
        summary = f"{len(kept_stages)} stages, {len(kept_links)} flows"
        with acting(actor, "validation.data_flow.changed", locked, details={"summary": summary}):
            locked.links.filter(position__in=removed(links)).delete()
            placed = write_stages(locked, kept_stages)
            write_links(locked, kept_links, placed)
            take_out_stages(locked, removed(stages))
            drop_mended(locked)
            raise_revision(locked)
    return locked


def explain_finding(data_flow: DataFlow, *, actor: Actor, finding: str, reason: str) -> DataFlow:
    """Say why a finding stays as it is; its approvers see the reason.

    Writes: validation_dataflow, `validation.data_flow.explained`. Raises: `FindingUnknown`,
    `RecordNotEditable`, `ReasonMissing`.
    """
    actor = take_role(actor, ENGINEERS)
    with transaction.atomic():
        locked = lock_draft(data_flow)
        if finding not in {row.text for row in findings_of(locked)}:
            raise FindingUnknown(number=locked.number)
        with acting(actor, "validation.data_flow.explained", locked, reason=reason, details={"finding": finding}):
            others = [row for row in locked.reasons if row["finding"] != finding]
            locked.reasons = [*others, {"finding": finding, "reason": reason, "by": actor.printed_name}]
            locked.save(update_fields=["reasons"])
            raise_revision(locked)
    return locked


def findings_of(data_flow: DataFlow) -> list[Finding]:
    """Return what a diagram lacks now, measured against the interfaces of today's inventory."""
    return find_findings(read_diagram(data_flow.content()), interfaces=known_interfaces(data_flow.system))


def unanswered(data_flow: DataFlow) -> list[Finding]:
    """Return the findings without a reason."""
    answered = {row["finding"] for row in data_flow.reasons}
    return [row for row in findings_of(data_flow) if row.text not in answered]


def known_interfaces(system: System) -> list[str]:
    """Return the names of the outside systems that a system's inventory holds in use."""
    items = system.items.filter(kind=ConfigurationItem.Kind.INTERFACE, ended_at=None)
    return list(items.order_by("pk").values_list("name", flat=True))


def check_rows(stages: Sequence[StageRow], links: Sequence[LinkRow]) -> None:
    """Refuse rows that could not be drawn. Raises: `DiagramRowNotWhole`."""
    for stage in stages:
        if why := fault_of_stage(stage):
            raise DiagramRowNotWhole(row=f"Stage {stage.key}", why=why)
    keys = {row.key for row in stages}
    for link in links:
        if why := fault_of_link(link, keys):
            raise DiagramRowNotWhole(row=f"Flow {link.key}", why=why)


def fault_of_stage(stage: StageRow) -> str:
    """Return why a stage cannot be saved, or nothing."""
    if not stage.name.strip():
        return "it has no name"
    if stage.kind not in KINDS:
        return "it has no kind"
    return "" if set(stage.controls) <= set(CONTROLS) else "it names a control that is not known"


def fault_of_link(link: LinkRow, keys: Collection[str]) -> str:
    """Return why a flow cannot be saved, or nothing. ``keys`` are the stages that stay."""
    if link.source not in keys or link.target not in keys:
        return "it needs a stage at both ends, one that is not taken out"
    if link.source == link.target:
        return "it leads from a stage to itself"
    if not link.data.strip():
        return "it does not say which data flow"
    return "" if set(link.controls) <= set(FLOW_CONTROLS) else "it names a control that no flow can have"


def take_out_stages(data_flow: DataFlow, numbers: Sequence[int]) -> None:
    """Take stages out that no flow touches any more; must run inside an act. Raises: `DiagramRowNotWhole`."""
    touching = Q(source__position__in=numbers) | Q(target__position__in=numbers)
    link = data_flow.links.filter(touching).order_by("position").first()
    if link is not None:
        raise DiagramRowNotWhole(row=link.ref, why="it leads to or from a stage that is taken out")
    data_flow.stages.filter(position__in=numbers).delete()


def removed(rows: Sequence[StageRow | LinkRow]) -> list[int]:
    """Return the numbers of the rows that are to be taken out."""
    return [number for row in rows if row.is_removed and (number := number_of(row.key))]


def number_of(key: str) -> int:
    """Return the number of a row that is there, or 0 for a new one."""
    return int(key[1:]) if key[:1] in "SF" and key[1:].isascii() and key[1:].isdecimal() else 0


def write_stages(data_flow: DataFlow, rows: Sequence[StageRow]) -> dict[str, FlowStage]:
    """Write stages and return them under the keys they were typed with; must run inside an act."""
    present = {row.ref: row for row in data_flow.stages.all()}
    last = data_flow.stages.order_by("-position").values_list("position", flat=True).first() or 0
    placed = {}
    for row in rows:
        found = present.get(row.key)
        if found is None:
            last += 1
            found = FlowStage(data_flow=data_flow, position=last)
        facts = {"name": row.name.strip(), "kind": row.kind, "records": row.records, "controls": list(row.controls)}
        write_row(found, facts)
        placed[row.key] = found
    return placed


def write_links(data_flow: DataFlow, rows: Sequence[LinkRow], placed: dict[str, FlowStage]) -> None:
    """Write flows between stages that are written; must run inside an act."""
    present = {row.ref: row for row in data_flow.links.all()}
    last = data_flow.links.order_by("-position").values_list("position", flat=True).first() or 0
    for row in rows:
        found = present.get(row.key)
        if found is None:
            last += 1
            found = FlowLink(data_flow=data_flow, position=last)
        ends = {"source_id": placed[row.source].pk, "target_id": placed[row.target].pk}
        write_row(found, ends | {"data": row.data.strip(), "controls": list(row.controls)})


def write_row(row: FlowStage | FlowLink, facts: Mapping[str, object]) -> None:
    """Write a row if it is new or differs."""
    if row.pk and all(getattr(row, name) == value for name, value in facts.items()):
        return
    for name, value in facts.items():
        setattr(row, name, value)
    row.save()


def drop_mended(data_flow: DataFlow) -> None:
    """Let reasons fall away whose finding is gone; must run inside an act."""
    standing = {row.text for row in findings_of(data_flow)}
    kept = [row for row in data_flow.reasons if row["finding"] in standing]
    if kept != data_flow.reasons:
        data_flow.reasons = kept
        data_flow.save(update_fields=["reasons"])


def lock_draft(data_flow: ControlledRecord, *, revision: int | None = None) -> DataFlow:
    """Lock a diagram that may still be edited as the reader saw it. Raises: `RecordNotEditable`, `StaleRevision`."""
    lock_record(data_flow)
    locked = DataFlow.objects.get(pk=data_flow.pk)
    if locked.state != DRAFT:
        raise RecordNotEditable(number=locked.number, state=state_label(locked).lower())
    if revision is not None and locked.revision != revision:
        raise stale_revision(locked, {})
    return locked
