"""The topics that the validation floor brings to a periodic review: what it is, what changed, where it stands.

Serves: EU GMP Annex 11 §11.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from records.acts import acts_in
from records.workflow import state_label
from validation.amendments import find_amendments
from validation.models import DataFlow, Deviation, Execution, GapAssessment, PeriodicReview, Protocol, System
from validation.results import WORDS, states_of
from validation.review_topics import Period, Topic, count_events, register_topic, tell_events
from validation.status import standing_of
from validation.traceability import count_gaps
from validation.tracing import trace_system

VERIFIED = "records.verify.finished"


def gather_functions(system: System, period: Period) -> Iterator[str]:
    """Yield what the system is made of now."""
    requirement_set = system.requirement_sets.select_related("baseline").first()
    if requirement_set is None:
        yield "No requirements are written."
    else:
        count = requirement_set.requirements.filter(is_withdrawn=False).count()
        baseline = requirement_set.baseline
        approved = f"baseline version {baseline.number}" if baseline else "no approved baseline"
        yield f"{requirement_set.number}: {count} requirements, {approved}."
    for item in system.items.filter(ended_at=None).order_by("pk"):
        yield f"{item.get_kind_display()}: {item.name} {item.version} is in use."
    for data_flow in DataFlow.objects.filter(system=system).exclude(state="retired").order_by("pk"):
        yield f"{data_flow.number}, data-flow diagram: {state_label(data_flow).lower()}."


def gather_changes(system: System, period: Period) -> Iterator[str]:
    """Yield what was changed about the system and its documents, and what differs from what was approved."""
    records = [system.pk]
    for rows in (system.requirement_sets, system.protocols, system.data_flows, system.plans):
        records += rows.values_list("pk", flat=True)
    acts = [act for act in (*acts_in("change"), *acts_in("signature")) if act.startswith(("validation.", "records."))]
    yield from tell_events(acts, period, records=records)
    requirement_set = system.requirement_sets.select_related("baseline").first()
    for row in find_amendments(requirement_set) if requirement_set else ():
        yield f"{row.ref} is {row.what} since the approved baseline."
    for change in standing_of(system).changes:
        yield f"Against the validation report: {change.text}"


def gather_deviations(system: System, period: Period) -> Iterator[str]:
    """Yield the deviations raised in the time, and older ones that are still open."""
    for row in Deviation.objects.filter(execution__protocol__system=system).order_by("pk"):
        if row.created_at > period.since or row.state == "open":
            outcome = f", {row.get_outcome_display().lower()}" if row.outcome else ""
            yield f"{row.number}, {row.title}: {state_label(row).lower()}{outcome}."


def gather_executions(system: System, period: Period) -> Iterator[str]:
    """Yield the runs of the time with their results, and older ones that are not reviewed."""
    for run in Execution.objects.filter(protocol__system=system).select_related("version", "protocol").order_by("pk"):
        if run.created_at > period.since or run.state != "reviewed":
            counts = Counter(WORDS[row.result] for row in states_of(run))
            results = ", ".join(f"{number} {word}" for word, number in counts.items())
            yield f"{run.number}, {run.title}: {state_label(run).lower()}; {results}."


def gather_incidents(system: System, period: Period) -> Iterator[str]:
    """Yield the security events of the installation, and what verifying its records found."""
    yield from tell_events([VERIFIED], period)[:3]
    yield from count_events(acts_in("security"), period)


def gather_status(system: System, period: Period) -> Iterator[str]:
    """Yield where the validation of the system stands."""
    standing = standing_of(system)
    yield f"The system is {state_label(system).lower()}."
    yield f"{standing.report.number} is the report that counts." if standing.report else "No report is approved."
    rows = trace_system(system)
    yield f"{count_gaps(rows)} of {len(rows)} requirements have a gap in the trace matrix."
    for protocol in Protocol.objects.filter(system=system).exclude(state="retired").order_by("pk"):
        yield f"{protocol.number}, {protocol.title}: {state_label(protocol).lower()}."
    for gap in GapAssessment.objects.filter(system=system).order_by("pk"):
        yield f"{gap.number}, {gap.title}: {state_label(gap).lower()}."


def gather_earlier(system: System, period: Period) -> Iterator[str]:
    """Yield what the review before this one asked for."""
    last = PeriodicReview.objects.filter(system=system, state="approved").order_by("-pk").first()
    if last is None:
        yield "This is the first periodic review of the system."
        return
    for item in last.items.exclude(follow_up="").order_by("position"):
        yield f"{last.number}, {item.title}: {item.follow_up}"


TOPICS = (
    ("functions", "Functions and items", "Is the system still what its requirements and items say?", gather_functions),
    ("changes", "Changes", "Were all changes controlled, or do they together ask for validation anew?", gather_changes),
    ("deviations", "Deviations", "Are deviations closed, and does any come again?", gather_deviations),
    ("executions", "Test runs", "Do the results still show that the system does what it claims?", gather_executions),
    ("incidents", "Incidents and security", "Was every incident looked into; is it secure?", gather_incidents),
)
"""What is asked first; access, trails and backups follow from the processes that own them."""

LAST = (
    ("status", "Validation status", "Is the system in a validated state?", gather_status),
    ("earlier", "Earlier actions", "Was done what the last review asked for?", gather_earlier),
)
REGISTERED = [
    *(register_topic(Topic(number, *row)) for number, row in enumerate(TOPICS, 1)),
    *(register_topic(Topic(number, *row)) for number, row in enumerate(LAST, 90)),
]
