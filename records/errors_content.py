"""Refusals of the pure content modules: canonical form, digests, keys and PDF.

Kept beside ``errors.py`` so that modules which know no Django and no database can name
what they refuse. None of them carries a secret, only names and paths.
"""

from __future__ import annotations

from records.errors import Refusal


class ContentNotCanonical(Refusal):
    code = "records.content_not_canonical"
    clause = "11.10(a)"
    status = 422
    message = "The value at {path} cannot be part of a controlled record: {problem}."


class CanonicalBytesAltered(Refusal):
    code = "records.canonical_bytes_altered"
    clause = "11.10(a)"
    status = 409
    message = (
        "These bytes are not the canonical form of a record: {problem}. They were altered or made by other software."
    )


class DigestMalformed(Refusal):
    code = "records.digest_malformed"
    clause = "11.10(a)"
    status = 422
    message = "{text} is not a SHA-256 digest: 64 digits from 0-9 and a-f are expected."


class KeyNameInvalid(Refusal):
    code = "records.key_name_invalid"
    clause = "11.30"
    status = 500
    message = (
        "The key name {name} is not allowed: use up to 80 lower-case letters, digits, dots and hyphens, letter first."
    )


class KeyMissing(Refusal):
    code = "records.key_missing"
    clause = "11.30"
    status = 409
    message = "The key or secret “{name}” is not in the key store. An administrator must create or restore it."


class KeyExists(Refusal):
    code = "records.key_exists"
    clause = "11.30"
    status = 409
    message = "The key or secret “{name}” exists already and is never overwritten. Choose a new name."


class KeyStoreTooOpen(Refusal):
    code = "records.key_store_too_open"
    clause = "11.30"
    status = 409
    message = (
        "{path} {problem}. Keys are only used while nobody else can read them: "
        "give files mode 0600 and folders mode 0700, owned by the account that runs Countersign."
    )


class KeyUnreadable(Refusal):
    code = "records.key_unreadable"
    clause = "11.30"
    status = 409
    message = "The key “{name}” is damaged or of a kind that is not used here. Restore it from the key backup."


class KeyKindMismatch(Refusal):
    code = "records.key_kind_mismatch"
    clause = "11.30"
    status = 500
    message = "The key “{name}” is a {found} key and cannot do what only a {wanted} key can."


class KeyNotRotated(Refusal):
    code = "records.key_not_rotated"
    clause = "11.30"
    status = 409
    message = "The key “{name}” is not rotated here: {problem}."


class RenditionFailed(Refusal):
    code = "records.rendition_failed"
    clause = "11.10(b)"
    status = 500
    message = "The document could not be rendered: {problem}. The record itself is untouched; try again or report this."


class RenditionIncomplete(Refusal):
    code = "records.rendition_incomplete"
    clause = "11.10(b)"
    status = 500
    message = "The rendered document failed its own check: {problem}. It is not given out; please report this."


class AttachmentNameInvalid(Refusal):
    code = "records.attachment_name_invalid"
    clause = "11.10(b)"
    status = 422
    message = "“{name}” cannot be the name of an embedded file: {problem}."
