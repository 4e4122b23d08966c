"""The refusals of the write-once archive."""

from __future__ import annotations

from records.errors import Refusal


class ArchiveNameInvalid(Refusal):
    code = "records.archive.name_invalid"
    clause = "11.10(c)"
    status = 500
    message = "“{name}” is no name for an archived object: {why}. This is a defect in the software; please report it."


class ArchiveNameTaken(Refusal):
    code = "records.archive.name_taken"
    clause = "11.10(c)"
    message = (
        "The archive already holds other bytes as “{name}”: SHA-256 {held}, offered {offered}. An archived object is "
        "never replaced. Find out which of the two is right before anything else is archived."
    )


class ArchiveObjectMissing(Refusal):
    code = "records.archive.object_missing"
    clause = "11.10(c)"
    status = 404
    message = "The archive holds no object named “{name}”."


class ArchiveObjectAltered(Refusal):
    code = "records.archive.object_altered"
    clause = "11.10(c)"
    status = 500
    message = (
        "The archived object “{name}” is not as it was archived: {why}. Keep everything as it is and tell quality."
    )


class RetentionShortened(Refusal):
    code = "records.archive.retention_shortened"
    clause = "11.10(c)"
    message = "“{name}” is kept until {held}; a retention is never shortened to {wanted}."


class RetentionInvalid(Refusal):
    code = "records.archive.retention_invalid"
    clause = "11.10(c)"
    status = 422
    message = "“{name}” cannot be kept until {wanted}: {why}."


class ArchiveNotWriteOnce(Refusal):
    code = "records.archive.not_write_once"
    clause = "11.10(c)"
    status = 503
    message = (
        "The bucket {bucket} is not write-once: {why}. Make a bucket with Object Lock switched on (it cannot be added "
        "to every bucket later) and name it in S3_BUCKET."
    )


class ArchiveBucketMissing(Refusal):
    code = "records.archive.bucket_missing"
    status = 503
    message = "The object store has no bucket {bucket}. Make it with Object Lock switched on, or correct S3_BUCKET."


class ArchiveKeyRefused(Refusal):
    code = "records.archive.key_refused"
    status = 503
    message = (
        "The object store refused the archive's key ({why}). Check S3_ACCESS_KEY, S3_SECRET_KEY and what the key "
        "may do."
    )


class ArchiveKeyMissing(Refusal):
    code = "records.archive.key_missing"
    status = 503
    message = (
        "This process has no key to the archive. Only the sealer has one: set S3_ACCESS_KEY and S3_SECRET_KEY (or "
        "…_FILE) in its environment alone."
    )


class ArchiveFull(Refusal):
    code = "records.archive.full"
    status = 507
    message = "The archive is full; nothing was archived. Make room or enlarge it: archiving goes on by itself."


class ArchiveUnavailable(Refusal):
    code = "records.archive.unavailable"
    status = 503
    message = "The archive cannot be used now: {why}. Nothing was archived; it is tried again by itself."
