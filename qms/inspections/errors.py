"""Refusals of the regulator's rooms."""

from __future__ import annotations

from records.errors import Refusal


class OutsideScope(Refusal):
    code = "inspections.outside_scope"
    clause = "11.10(d)"
    status = 404
    message = "{what} was not found among what you may read. You can ask for it under “Requests”."


class InspectionAccessEnded(Refusal):
    code = "inspections.access_ended"
    clause = "11.10(d)"
    status = 403
    message = "Your read-only access ended on {until}. Please ask {contact} if you still need it."


class InspectionAccessNotStarted(Refusal):
    code = "inspections.access_not_started"
    clause = "11.10(d)"
    status = 403
    message = "Your read-only access begins on {since}."


class ExportNotAllowed(Refusal):
    code = "inspections.export_not_allowed"
    clause = "11.10(b)"
    status = 403
    message = "Taking copies is not part of this access. {contact} can extend it."


class ReadOnlyAccess(Refusal):
    code = "inspections.read_only"
    clause = "11.10(g)"
    status = 403
    message = "This access is read-only: nothing can be changed with it."


class AccessPeriodInvalid(Refusal):
    code = "inspections.period_invalid"
    clause = "11.10(d)"
    status = 422
    message = "The access must end after it begins, and within {days} days."


class ScopeMissing(Refusal):
    code = "inspections.scope_missing"
    clause = "11.10(d)"
    status = 422
    message = "Choose at least one product or one lot that the inspector may read."


class NotAnInspector(Refusal):
    code = "inspections.not_an_inspector"
    clause = "11.10(g)"
    status = 422
    message = "{person} does not hold the inspector's role."


class RequestAnswered(Refusal):
    code = "inspections.request_answered"
    clause = "11.10(f)"
    status = 409
    message = "This request was already answered."


class VersionMissing(Refusal):
    code = "inspections.version_missing"
    clause = "11.10(b)"
    status = 404
    message = "{number} has no version {version}."
