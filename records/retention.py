"""How long each type of record is kept, and from which event the time runs.

A table with its citations; the clock starts with an event, never with a typed date. The
product deletes nothing: the rule says from when a site may take records to its archive.
Serves: 21 CFR 11.10(c).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from records.models import ControlledRecord


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """A rule's key, its source, the event that starts it and the years it runs."""

    key: str
    citation: str
    start_event: str
    years: int


RULES = {
    rule.key: rule
    for rule in (
        RetentionRule("gmp_batch", "21 CFR 211.180(a); EU GMP Chapter 4, 4.11", "batch expiry", 1),
        RetentionRule("gmp_batch_eu", "EU GMP Chapter 4, 4.11", "certification by the Qualified Person", 5),
        RetentionRule("master", "21 CFR 211.186; EU GMP Chapter 4, 4.12", "last batch that relies on it", 5),
        RetentionRule("trial", "21 CFR 312.57(c); Regulation (EU) 536/2014 Art. 58", "end of trial", 25),
    )
}


def describe_retention(record: ControlledRecord) -> str:
    """Say how long a record is kept, from which event and under which rule."""
    rule = RULES[record.retention_rule]
    years = "1 year" if rule.years == 1 else f"{rule.years} years"
    hold = " A legal hold stops the clock." if record.legal_hold else ""
    return f"at least {years} after {rule.start_event} ({rule.citation}).{hold}"


def compute_retain_until(record: ControlledRecord, *, at: datetime) -> datetime:
    """Return until when the archive must keep what is archived of a record at this time.

    The years run from the end of the day of the start event. While that event has not happened, or a legal
    hold stops the clock, they run from now: a minimum that is extended by asking again later. Formula:
    midnight UTC after the start (or ``at``), plus the rule's years. Serves: 21 CFR 11.10(c).
    """
    rule = RULES[record.retention_rule]
    today = at.astimezone(UTC).date()
    start = record.retention_started_on
    if start is None or record.legal_hold:
        start = max(today, start or today)
    return add_years(start, rule.years)


def compute_ledger_retain_until(at: datetime) -> datetime:
    """Return until when checkpoints and tiles are kept: as long as any record that they prove, by the longest rule."""
    return add_years(at.astimezone(UTC).date(), max(rule.years for rule in RULES.values()))


def add_years(day: date, years: int) -> datetime:
    """Return the midnight UTC that ends the same day some years later; 29 February ends with 28."""
    try:
        later = day.replace(year=day.year + years)
    except ValueError:
        later = day.replace(year=day.year + years, day=28)
    return datetime.combine(later + timedelta(days=1), time(), UTC)
