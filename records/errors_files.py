"""Refusals of the file store and of uploads.

Kept beside ``errors.py`` since these modules know no Django and no database.
"""

from __future__ import annotations

from records.errors import Refusal


class FileTooLarge(Refusal):
    code = "records.file_too_large"
    status = 413
    message = "The file is larger than the {max_megabytes} MB allowed here."


class FileDigestInvalid(Refusal):
    code = "records.file_digest_invalid"
    status = 422
    message = "“{digest}” is not a SHA-256 in lower-case hexadecimal."


class FileHashMismatch(Refusal):
    code = "records.file_hash_mismatch"
    clause = "11.10(a)"
    status = 422
    message = "The file's SHA-256 is {found}, but {expected} was announced. It was changed on the way; send it again."


class FileMissing(Refusal):
    code = "records.file_missing"
    clause = "11.10(c)"
    status = 404
    message = "The stored file {digest} is missing. Tell an administrator: it must be restored from the backup."


class FileAltered(Refusal):
    code = "records.file_altered"
    clause = "11.10(c)"
    status = 409
    message = (
        "The stored file {digest} is not what was stored: {why}. It is not shown. "
        "Tell an administrator: it must be restored from the backup."
    )


class FileStoreFull(Refusal):
    code = "records.file_store_full"
    status = 507
    message = "There is no room left to store files. Nothing was stored. Tell an administrator, then try again."


class FileStoreUnavailable(Refusal):
    code = "records.file_store_unavailable"
    status = 503
    message = "Files cannot be stored or read now ({why}). Nothing was stored. Tell an administrator, then try again."


class UploadNameUnsafe(Refusal):
    code = "records.upload.name_unsafe"
    status = 422
    message = "“{name}” cannot be a file name here: {why}. Rename the file and send it again."


class UploadTypeNotAllowed(Refusal):
    code = "records.upload.type_not_allowed"
    status = 422
    message = "“{name}” is {found}. Allowed here: {allowed}."


class UploadTypeMismatch(Refusal):
    code = "records.upload.type_mismatch"
    status = 422
    message = "“{name}” is named like another kind of file, but it is {found}. Give it its true extension."


class UploadEmpty(Refusal):
    code = "records.upload.empty"
    status = 422
    message = "“{name}” is empty."


class UploadTooLarge(Refusal):
    code = "records.upload.too_large"
    status = 413
    message = "“{name}” is larger than the {max_megabytes} MB allowed for one file."


class UploadTrailingData(Refusal):
    code = "records.upload.trailing_data"
    status = 422
    message = "“{name}” carries something else behind {what}. Export it again without additions."


class ImageTooLarge(Refusal):
    code = "records.upload.image_too_large"
    status = 422
    message = (
        "“{name}” has {width} x {height} pixels. Allowed are {max_side} a side and {max_megapixels} million in all."
    )


class ImageDamaged(Refusal):
    code = "records.upload.image_damaged"
    status = 422
    message = "“{name}” cannot be read as a picture: {why}. Export or photograph it again."


class ImageSeveralFrames(Refusal):
    code = "records.upload.image_several_frames"
    status = 422
    message = "“{name}” holds several pictures. Send each as a file of its own."


class ImageKindNotAllowed(Refusal):
    code = "records.upload.image_kind_not_allowed"
    status = 422
    message = "“{name}” uses {what}, which is not read here. Save it as PNG or ordinary JPEG."


class DocumentActive(Refusal):
    code = "records.upload.document_active"
    status = 422
    message = "“{name}” holds {what}. Print it to a plain PDF and send that."


class DocumentEncrypted(Refusal):
    code = "records.upload.document_encrypted"
    status = 422
    message = "“{name}” is encrypted, so it cannot be checked. Save it without password and send that."


class DocumentDamaged(Refusal):
    code = "records.upload.document_damaged"
    status = 422
    message = "“{name}” cannot be checked: {why}. Export it again."


class MarkupDeclaresType(Refusal):
    code = "records.upload.markup_declares_type"
    status = 422
    message = (
        "“{name}” declares a document type (DOCTYPE), which can hide entities or fetch other files. "
        "Have the tool write it without one."
    )


class ArchiveDamaged(Refusal):
    code = "records.upload.archive_damaged"
    status = 422
    message = "The zip cannot be read: {why}. Pack it again."


class ArchiveTooManyFiles(Refusal):
    code = "records.upload.archive_too_many_files"
    status = 422
    message = "The zip holds {count} files; {maximum} are allowed. Send several smaller ones."


class ArchiveTooLarge(Refusal):
    code = "records.upload.archive_too_large"
    status = 413
    message = "The zip's files are larger than the {max_megabytes} MB allowed in all. Send several smaller ones."


class ArchiveRatioSuspicious(Refusal):
    code = "records.upload.archive_ratio"
    status = 422
    message = "“{name}” would grow to more than {maximum} times its packed size. It is treated as an attack."


class ArchiveEntryEncrypted(Refusal):
    code = "records.upload.entry_encrypted"
    status = 422
    message = "“{name}” is encrypted. Pack the zip without password."


class ArchiveEntryNotFile(Refusal):
    code = "records.upload.entry_not_file"
    status = 422
    message = "“{name}” is a link or device, not a file. Pack the file itself."


class ArchiveEntryUnreadable(Refusal):
    code = "records.upload.entry_unreadable"
    status = 422
    message = "“{name}” cannot be unpacked: {why}. Pack it again."


class ArchiveNested(Refusal):
    code = "records.upload.nested_archive"
    status = 422
    message = "“{name}” is an archive inside the delivery. Unpack it and send its files."


class UploadNameRepeated(Refusal):
    code = "records.upload.name_repeated"
    status = 422
    message = "“{name}” comes more than once in the delivery, perhaps in another spelling. Send it once."


class DeliveryTooManyFiles(Refusal):
    code = "records.upload.too_many_files"
    status = 422
    message = "More than {maximum} files were sent at once. Send several smaller deliveries."


class DeliveryTooLarge(Refusal):
    code = "records.upload.delivery_too_large"
    status = 413
    message = "The delivery is larger than the {max_megabytes} MB allowed in all. Send several smaller ones."


class DeliveryEmpty(Refusal):
    code = "records.upload.delivery_empty"
    status = 422
    message = "The delivery holds no file. Choose the files, or pack the zip again."


class DeliveryUnknown(Refusal):
    code = "records.upload.delivery_unknown"
    status = 404
    message = "This delivery is no longer held. Send it again."


class DeliveryIncomplete(Refusal):
    code = "records.upload.delivery_incomplete"
    status = 409
    message = "{refused} of the delivered files were refused. Choose to go on without them, or send the delivery again."
