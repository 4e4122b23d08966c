"""Results that a test tool delivers with its key: the rules of the upload, under the name of who executes the run.

No person saw a preview, so nothing that contradicts what stands is left out silently.
Serves: EU GMP Annex 11 §4.7; Annex 15 §2.8; 21 CFR 11.10(a)(e)(g).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db import transaction

from records.evidence import Actor
from records.workflow import take_role
from signatures.ceremonies import recorded_refusal
from validation.automation import Offer, Report, preview_report, read_report, store_report, write_results
from validation.case_results import Case
from validation.errors_automation import NoResultToTake
from validation.errors_keys import ReportRecorded, ResultContradicted
from validation.executions import lock_running
from validation.models import Execution, ResultKey
from validation.result_keys import check_in_force, check_pace
from validation.results import WORDS, name_steps
from validation.workflow import ENGINEERS

ACTION = "Deliver results"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a delivered report: what was recorded, what stays as it was, what names no step."""

    report: Report
    sha256: str
    offers: tuple[Offer, ...]
    loose: tuple[Case, ...]


def deliver_report(key: ResultKey, *, actor: Actor, name: str, content: bytes) -> Delivery:
    """Record every result that a delivered report gives for an open step, all or none, with it as evidence.

    ``actor`` is the key's owner. Writes: as `automation.record_report`, with `validation.results.delivered`; a refusal
    leaves `validation.results.refused`, committed on its own. Raises: `KeyTooBusy`, `KeyEnded`, `RoleNotAllowed`,
    `RecordNotEditable`, `NotTheExecutor`, the refusals of `read_report`, `ReportRecorded`, `NoResultToTake`,
    `ResultContradicted`. Serves: 21 CFR 11.10(e)(g).
    """
    check_pace(key)
    facts = {"key": key.name, "key_id": key.pk, "owner": key.owner.printed_name}
    with recorded_refusal(actor, "validation.results.refused", key.execution, action=ACTION, details=facts):
        actor = take_role(actor, ENGINEERS)
        report = read_report(name, content)
        with transaction.atomic():
            return record_delivery(key, report, actor=actor, facts=facts)


def record_delivery(key: ResultKey, report: Report, *, actor: Actor, facts: dict[str, object]) -> Delivery:
    """Lock the run, ask every rule and write; needs an open transaction."""
    locked = lock_running(key.execution, actor=actor)
    check_in_force(key)
    offers, loose = preview_report(locked, report)
    sha256 = hashlib.sha256(report.content).hexdigest()
    check_offers(locked, offers, sha256=sha256)
    kept = [row.outcome.step for row in offers if row.state.entry]
    details = facts | {"left": f"; {name_steps(kept)} left as recorded" if kept else ""}
    write_results(
        locked,
        report,
        [row.outcome for row in offers if row.is_taken],
        store_report(report),
        actor=actor,
        act="validation.results.delivered",
        details=details,
        key=key.name,
    )
    return Delivery(report, sha256, tuple(offers), tuple(loose))


def check_offers(execution: Execution, offers: list[Offer], *, sha256: str) -> None:
    """Refuse a report that brings nothing new or says otherwise than what stands.

    Raises: `ReportRecorded`, `NoResultToTake`, `ResultContradicted`.
    """
    known = execution.evidence.filter(attachment__file_id=sha256).order_by("step").values_list("step", flat=True)
    is_new = any(row.is_taken for row in offers)
    if not is_new and known:
        raise ReportRecorded(steps=name_steps(sorted(set(known))))
    for row in offers:
        if row.outcome.result and row.state.entry and row.state.result != row.outcome.result:
            stands, said = WORDS[row.state.result], WORDS[row.outcome.result]
            raise ResultContradicted(step=row.outcome.step, stands=stands, said=said)
    if not is_new:
        raise NoResultToTake(number=execution.number)
