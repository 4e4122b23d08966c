"""Refusals of the home page's own rules."""

from __future__ import annotations

from records.errors import Refusal


class NotADemonstration(Refusal):
    code = "home.not_a_demonstration"
    clause = "11.10(d)"
    status = 403
    message = "Demonstration people and lots are made only where DEMO=1 is set."


class DemonstrationStuck(Refusal):
    code = "home.demonstration_stuck"
    status = 500
    message = "The inspection of {number} did not end within {seconds} s; see the worker's log and start again."
