"""Refusals of backup and restore: each says what to do, and nothing has been overwritten."""

from __future__ import annotations

from records.errors import Refusal


class BackupNotConfigured(Refusal):
    code = "backups.not_configured"
    clause = "11.10(c)"
    status = 503
    message = "This process makes no backups: {missing} is not set. The administrator's guide says how."


class BackupBusy(Refusal):
    code = "backups.busy"
    message = "Another backup or drill is running. Wait until it is done."


class BackupFailed(Refusal):
    code = "backups.failed"
    clause = "11.10(c)"
    status = 507
    message = "No backup was made: {why}. Mend the cause and start again; earlier sets are untouched."


class StoredFileUnsound(Refusal):
    code = "backups.stored_file_unsound"
    clause = "11.10(c)"
    message = (
        "No backup was made: the stored file {digest} is {problem}. Put it back from an earlier set (the same name "
        "below its files folder), run `manage.py verify`, and start again."
    )


class ClientMissing(Refusal):
    code = "backups.client_missing"
    status = 503
    message = "No {program} of PostgreSQL {major} or newer was found; name its folder with POSTGRES_BIN."


class SetNotFound(Refusal):
    code = "backups.set_not_found"
    status = 404
    message = "{name} is not a backup set: no manifest lies there."


class SetDamaged(Refusal):
    code = "backups.set_damaged"
    clause = "11.10(c)"
    message = "The set is damaged: {problem}. Nothing was restored. Take another set."


class SetIncomplete(Refusal):
    code = "backups.set_incomplete"
    clause = "11.10(c)"
    message = "The set is incomplete: {missing} is missing. Nothing was restored. Take another set."


class SetForeign(Refusal):
    code = "backups.set_foreign"
    clause = "11.10(c)"
    message = (
        "The set is signed by the key {fingerprint}, which is not this installation's. Nothing was restored. If your "
        "records name this fingerprint, give it with --signed-by."
    )


class SetTooNew(Refusal):
    code = "backups.set_too_new"
    clause = "11.10(a)"
    message = (
        "The set was made by Countersign {build}, which this release does not know ({unknown}). Nothing was restored. "
        "Restore it with that release or a newer one."
    )


class PassphraseWrong(Refusal):
    code = "backups.passphrase_wrong"
    status = 422
    message = "The passphrase does not open the set's keys. Nothing was restored. Give the right one in {variable}."


class PlaceNotEmpty(Refusal):
    code = "backups.place_not_empty"
    clause = "11.10(c)"
    message = "Restoring overwrites nothing: {what}. Name an empty place, and start again."


class NotConfirmed(Refusal):
    code = "backups.not_confirmed"
    status = 422
    message = "“{typed}” is not the installation's name. Nothing was restored."


class RestoreFailed(Refusal):
    code = "backups.restore_failed"
    clause = "11.10(c)"
    status = 500
    message = "The restore stopped: {why}. The database is left as empty as it was; the set is untouched."


class RestoreDiffers(Refusal):
    code = "backups.restore_differs"
    clause = "11.10(c)"
    status = 500
    message = "What was restored differs from the set's manifest: {differences}. Do not use it; call the quality unit."


class DrillFailed(Refusal):
    code = "backups.drill_failed"
    clause = "11.10(c)"
    status = 500
    message = "The restore drill could not be finished: {why}. The set and the live data are untouched."


class JobAlreadyAsked(Refusal):
    code = "backups.job_already_asked"
    message = "A {kind} is already waiting or running. Wait until it is over."
