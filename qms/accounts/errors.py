"""The refusals around people, roles, links and second factors; each names the broken rule."""

from __future__ import annotations

from records.errors import Refusal


class UsernameTaken(Refusal):
    code = "accounts.username_taken"
    clause = "11.100(a)"
    status = 422
    message = "The user name {username} belongs or belonged to somebody. User names are never given twice."


class UsernameUnusable(Refusal):
    code = "accounts.username_unusable"
    clause = "11.300(a)"
    status = 422
    message = "Use 2 to 30 small Latin letters, digits, dots, hyphens or underscores, starting with a letter or digit."


class PersonDetailsMissing(Refusal):
    code = "accounts.person_details_missing"
    clause = "11.100(a)"
    status = 422
    message = "A person needs a printed name and an e-mail address."


class PersonDeactivated(Refusal):
    code = "accounts.person_deactivated"
    clause = "11.10(d)"
    status = 409
    message = "{name} is deactivated. Reactivate the person first."


class PersonAlreadyActive(Refusal):
    code = "accounts.person_active"
    clause = "11.10(d)"
    status = 409
    message = "{name} is active already."


class NotForYourself(Refusal):
    code = "accounts.not_for_yourself"
    clause = "11.10(g)"
    status = 403
    message = "You cannot do this for yourself. Another person must."


class RoleUnknown(Refusal):
    code = "accounts.role_unknown"
    clause = "11.10(g)"
    status = 422
    message = "There is no role “{role}”."


class RoleAlreadyHeld(Refusal):
    code = "accounts.role_already_held"
    clause = "11.10(d)"
    status = 409
    message = "{name} holds the role {role} already. End it first if its dates must change."


class RoleNotHeld(Refusal):
    code = "accounts.role_not_held"
    clause = "11.10(d)"
    status = 409
    message = "{name} does not hold the role {role} now."


class RolesConflict(Refusal):
    code = "accounts.roles_conflict"
    clause = "11.10(g)"
    status = 409
    message = "{why} {name} holds or is to hold: {held}."


class RoleDatesWrong(Refusal):
    code = "accounts.role_dates_wrong"
    clause = "11.10(d)"
    status = 422
    message = "A role must end after it begins, and its end cannot lie in the past."


class LinkInvalid(Refusal):
    code = "accounts.link_invalid"
    clause = "11.300(c)"
    status = 404
    message = "This link was used, replaced or has expired. Ask an administrator or security officer for a new one."


class PasswordUnusable(Refusal):
    code = "accounts.password_unusable"
    clause = "11.300(b)"
    status = 422
    message = "{problems}"


class CodesNotConsecutive(Refusal):
    code = "accounts.codes_not_consecutive"
    clause = "11.300(e)"
    status = 422
    message = (
        "These are not two codes that follow one another. Wait until the code changes, "
        "type it, wait for the next change and type that one."
    )


class SeedUnreadable(Refusal):
    code = "accounts.seed_unreadable"
    clause = "11.300(e)"
    status = 409
    message = "The second factor cannot be read. A security officer must enrol it again."


class OfficerUnknown(Refusal):
    code = "accounts.officer_unknown"
    clause = "11.10(d)"
    status = 404
    message = "{username} is not a security officer here."


class SetupClosed(Refusal):
    code = "accounts.setup_closed"
    clause = "11.10(d)"
    status = 409
    message = "This installation has an administrator. New people are added on the People page."


class AdministratorNeeded(Refusal):
    code = "accounts.administrator_needed"
    clause = "11.10(d)"
    status = 409
    message = "{name} is the last administrator. Make another one first."


class TimeZoneUnknown(Refusal):
    code = "accounts.time_zone_unknown"
    clause = "11.50(a)"
    status = 422
    message = "There is no time zone “{zone}”."
