"""Knapp studies: a signed design, the runs as they were taken, and the report computed from both."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from records.history import TrackedHistory
from records.models import ControlledRecord, DatabaseClock, Version
from validation.errors import RejectSetEmpty
from validation.knapp import Reading
from validation.knapp_design import PlannedRun, plan_runs
from validation.knapp_report import TakenRun, report_study
from validation.models.systems import System


class KnappStudy(ControlledRecord):
    """One comparison of automated with manual inspection on the same numbered containers.

    ``reading`` is how 7 of 10 is read, ``seed`` what the order of every run is drawn from, ``design``
    the version that quality signed. Units: ``false_reject_limit`` in percent. Serves: EU GMP Annex 1 §8.32.
    """

    NUMBER_PREFIX = "KS"
    KIND_LABEL = "Knapp study"
    RETENTION_RULE = "master"

    class Reading(models.TextChoices):
        EXACT = "exact", "Exact: rejected in 7 of 10 inspections or more (35 of 50, 21 of 30)"
        ROUNDED = "rounded", "Rounded: a quality factor of 7 or more, half up (33 of 50)"

    controlledrecord_ptr = models.OneToOneField(
        ControlledRecord, on_delete=models.CASCADE, parent_link=True, primary_key=True, related_name="as_study"
    )  # else the base would be reached as `.knappstudy`
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="studies")
    purpose = models.TextField()
    machine = models.TextField()
    good_planned = models.PositiveIntegerField(default=170)
    reject_planned = models.PositiveIntegerField(default=80)
    rounds = models.PositiveIntegerField(default=10)
    machine_runs = models.PositiveIntegerField(default=10)
    reading = models.CharField(max_length=8, choices=Reading.choices, default=Reading.EXACT)
    false_reject_limit = models.DecimalField(
        max_digits=6, decimal_places=3, validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))]
    )
    inspectors = models.JSONField(default=list)
    containers = models.JSONField(default=list)
    seed = models.CharField(max_length=64)
    design = models.ForeignKey(Version, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    conclusion = models.TextField(blank=True)
    reopenings = models.JSONField(default=list, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()

    @property
    def planned_runs(self) -> tuple[PlannedRun, ...]:
        """Return every run that the design plans."""
        return plan_runs(self.inspectors, rounds=self.rounds, machine_runs=self.machine_runs)

    def standing_runs(self) -> list[KnappRun]:
        """Return the runs that count, in the order of the plan: of each id the newest."""
        order = {row.run: place for place, row in enumerate(self.planned_runs)}
        rows = {row.run: row for row in self.runs.filter(replaced_by=None).select_related("imported_by")}
        return sorted(rows.values(), key=lambda row: order.get(row.run, len(order)))

    def result(self) -> dict[str, Any] | None:
        """Return the result, or nothing while a run is missing or no container reaches the reject zone."""
        runs = self.standing_runs()
        if len(runs) < len(self.planned_runs) or not runs:
            return None
        reading: Reading = "exact" if self.reading == self.Reading.EXACT else "rounded"
        try:
            taken = [row.as_taken() for row in runs]
            return report_study(self.containers, taken, reading=reading, limit=self.false_reject_limit)
        except RejectSetEmpty:
            return None

    def content(self) -> dict[str, Any]:
        """Return what a signature covers: the design, and once runs were taken each of them and the result."""
        content = {
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "system": self.system.number,
            "purpose": self.purpose,
            "machine": self.machine,
            "good_planned": self.good_planned,
            "reject_planned": self.reject_planned,
            "rounds": self.rounds,
            "machine_runs": self.machine_runs,
            "reading": self.reading,
            "false_reject_limit": f"{self.false_reject_limit.normalize():f}",
            "inspectors": list(self.inspectors),
            "containers": list(self.containers),
            "seed": self.seed,
            "reopenings": list(self.reopenings),
        }
        runs = [row.content() for row in self.runs.order_by("pk").select_related("imported_by", "replaces")]
        if runs and self.design:
            design = {"version": self.design.number, "content_hash": self.design.content_hash}
            content |= {"design": design, "runs": runs, "result": self.result(), "conclusion": self.conclusion}
        return content


class KnappRun(models.Model):
    """One whole run as it was imported; a correction is another row with its reason. Append-only.

    ``rejected`` names the containers that were rejected; all others of the study were
    accepted. Serves: 21 CFR 11.10(e); EU GMP Annex 1 §8.32.
    """

    study = models.ForeignKey(KnappStudy, on_delete=models.PROTECT, related_name="runs")
    run = models.CharField(max_length=12)
    inspector = models.CharField(max_length=6)
    is_machine = models.BooleanField()
    rejected = models.JSONField(default=list)
    inspected = models.PositiveIntegerField()
    taken_on = models.DateField()
    source_name = models.CharField(max_length=200, blank=True)
    source_sha256 = models.CharField(max_length=64)
    imported_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    imported_at = models.DateTimeField(db_default=DatabaseClock())
    replaces = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by")
    reason = models.TextField(blank=True)

    history = TrackedHistory(append_only=True)

    class Meta:
        default_permissions = ()
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("study", "run"), condition=models.Q(replaces=None), name="knapprun_first_once"
            ),
        )

    def __str__(self) -> str:
        return self.run

    def as_taken(self) -> TakenRun:
        """Return the run for the arithmetic."""
        return TakenRun(self.run, self.inspector, self.is_machine, frozenset(self.rejected))

    def content(self) -> dict[str, Any]:
        """Return the run as part of its study's content."""
        return {
            "run": self.run,
            "inspector": self.inspector,
            "taken_on": self.taken_on,
            "inspected": self.inspected,
            "rejected": list(self.rejected),
            "source": self.source_name,
            "source_sha256": self.source_sha256,
            "by": self.imported_by.printed_name,
            "at": self.imported_at,
            "replaces_earlier": self.replaces_id is not None,
            "reason": self.reason,
        }
