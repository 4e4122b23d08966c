"""The runner's page: the steps with their states, the open one, what was typed. Between views and rules."""

from __future__ import annotations

from typing import Any

from qms.validating.forms import CorrectionForm, ResultForm
from qms.validating.pages import ENGINEER, record_context
from qms.validating.table import read_number
from records.evidence import Actor
from validation.models import Execution
from validation.results import StepState, first_open, states_of

SYMBOLS = {"pass": "check", "fail": "cross", "na": "cancel", "": "dot"}
RUNNING = "running"


def choose_step(states: list[StepState], asked: str) -> StepState:
    """Return the step that the address names, else the first without a result."""
    wanted = read_number(asked)
    found = next((row for row in states if row.step == wanted), None)
    return found or next(row for row in states if row.step == first_open(states))


def runner_context(
    execution: Execution,
    actor: Actor,
    *,
    step: str = "",
    saved: str = "",
    result_form: ResultForm | None = None,
    correction_form: CorrectionForm | None = None,
    evidence_problem: str = "",
) -> dict[str, Any]:
    """Return everything on the runner's page; forms are those that were sent, else empty ones."""
    states = states_of(execution)
    current = choose_step(states, step)
    is_holder = execution.state == RUNNING and execution.holder_id == actor.user_id
    wanted = read_number(saved)
    entry = current.entry
    initial = {"actual": entry.actual, "result": entry.result} if entry else {}
    is_late = bool(entry and result_form and result_form.errors)  # a colleague saved the step meanwhile
    if is_late and result_form:
        initial = {name: result_form.data.get(name, "") for name in ("actual", "result")}
    return record_context(execution, actor) | {
        "execution": execution,
        "states": [(row, SYMBOLS[row.result]) for row in states],
        "current": current,
        "saved": next((row for row in states if row.step == wanted and row.entry), None),
        "bare": [row for row in states if row.needs_deviation],
        "done": sum(row.entry is not None for row in states),
        "failed": sum(row.result == "fail" for row in states),
        "is_holder": is_holder,
        "may_take_over": execution.state == RUNNING and not is_holder and actor.holds(ENGINEER),
        "shows_keys": is_holder or execution.result_keys.exists(),
        "may_run_again": may_run_again(execution, actor),
        "result_form": result_form or ResultForm(),
        "correction_form": correction_form or CorrectionForm(auto_id="correct_%s", initial=initial),
        "is_correcting": correction_form is not None or is_late,
        "is_late": is_late,
        "evidence_problem": evidence_problem,
    }


def may_run_again(execution: Execution, actor: Actor) -> bool:
    """Tell whether the page offers a further run; the rule decides."""
    is_waiting = execution.state == "reviewed" and not execution.reruns.exists() and execution.deviations.exists()
    return is_waiting and actor.holds(ENGINEER)
