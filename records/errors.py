"""The root of all refusals, and the refusals of the records floor.

A refusal is an expected "no": it names the rule that was broken, carries a stable
code for support and tests, and reads as a sentence a person can act on. It never
holds a secret.
"""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """An act that a rule does not allow, told to the person who tried it.

    Subclasses set the class attributes; ``message`` may hold ``{named}`` places that
    are filled from the keyword facts.
    """

    code: ClassVar[str] = "refused"
    clause: ClassVar[str] = ""
    status: ClassVar[int] = 409
    message: ClassVar[str] = "This is not possible now."

    def __init__(self, text: str | None = None, **facts: object) -> None:
        self.facts: dict[str, object] = facts
        self.is_recorded: bool = False  # its event is committed; nobody above writes it again
        self.text: str = text if text is not None else self.message.format(**facts)
        super().__init__(self.text)


class NestedAct(Refusal):
    code = "records.nested_act"
    clause = "11.10(e)"
    status = 500
    message = "One act was started inside another; this is a defect in the software. Please report it."


class UnknownAct(Refusal):
    code = "records.unknown_act"
    clause = "11.10(e)"
    status = 500
    message = "The act {act} is not registered; this is a defect in the software. Please report it."


class ReasonMissing(Refusal):
    code = "records.reason_missing"
    clause = "11.10(e)"
    status = 422
    message = "Say why: this act needs a reason of at least {minimum} characters that others will understand later."


class ReasonMeaningless(Refusal):
    code = "records.reason_meaningless"
    clause = "11.10(e)"
    status = 422
    message = "“{reason}” does not explain anything to a later reader. Please write a real reason."


class StaleRevision(Refusal):
    code = "records.stale_revision"
    clause = "11.10(e)"
    status = 409
    message = "{who} changed this record at {when}, after you opened it. Compare the changes and save again."


class TransitionNotAllowed(Refusal):
    code = "records.transition_not_allowed"
    clause = "11.10(f)"
    status = 409
    message = "“{action}” is not possible while {number} is {state}."


class PersonRequired(Refusal):
    code = "records.person_required"
    clause = "11.10(g)"
    status = 403
    message = "Only a person can do this; sign in and do it yourself."


class RoleNotAllowed(Refusal):
    code = "records.role_not_allowed"
    clause = "11.10(g)"
    status = 403
    message = "This needs the role {roles}. A quality manager or administrator can tell you who holds it."


class RecordNotEditable(Refusal):
    code = "records.not_editable"
    clause = "11.10(f)"
    status = 409
    message = "{number} is {state} and can no longer be edited."


class SigningRequired(Refusal):
    code = "records.signing_required"
    clause = "11.70"
    status = 409
    message = "“{action}” happens only when its signatures are complete."
