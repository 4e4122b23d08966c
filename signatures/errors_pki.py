"""Refusals of certificates, containers, statements, CMS and seals.

Kept beside ``errors.py`` so that modules which know no Django and no database can name
what they refuse. None of them carries a password or a key.
"""

from __future__ import annotations

from records.errors import Refusal


class SubjectIncomplete(Refusal):
    code = "signatures.subject_incomplete"
    clause = "11.100(a)"
    status = 422
    message = (
        "The {field} {value} cannot stand in a certificate: it needs 1 to 64 plain characters (fewer of other scripts)."
    )


class AuthorityUnusable(Refusal):
    code = "signatures.authority_unusable"
    clause = "11.30"
    status = 409
    message = "The certificate authority cannot issue now: {problem}. An administrator must renew it."


class CertificateNotRenewed(Refusal):
    code = "signatures.certificate_not_renewed"
    clause = "11.30"
    status = 409
    message = "The certificate of the {name} was not renewed: {problem}."


class CertificateUnreadable(Refusal):
    code = "signatures.certificate_unreadable"
    clause = "11.30"
    status = 422
    message = "This is not a certificate or revocation list that can be read: {problem}."


class ContainerUnreadable(Refusal):
    code = "signatures.container_unreadable"
    clause = "11.200(a)(2)"
    status = 422
    message = "This file is not a PKCS#12 container (.pfx or .p12) that can be read: {problem}."


class ContainerPasswordEmpty(Refusal):
    code = "signatures.container_password_empty"
    clause = "11.200(a)(2)"
    status = 422
    message = "A signing container always needs a password."


class ContainerPasswordWrong(Refusal):
    code = "signatures.container_password_wrong"
    clause = "11.200(a)(2)"
    status = 403
    message = "The password does not open this container."


class ContainerUnprotected(Refusal):
    code = "signatures.container_unprotected"
    clause = "11.200(a)(2)"
    status = 422
    message = (
        "The private key in this container is not protected by a password, so it is not its owner's alone. "
        "Export it again with a password."
    )


class ContainerOutdated(Refusal):
    code = "signatures.container_outdated"
    clause = "11.300(d)"
    status = 422
    message = (
        "This container uses outdated protection ({found}). Export it again with AES-256 and SHA-256; "
        "on Windows choose “AES256-SHA256”, with OpenSSL 3 use “openssl pkcs12 -export”."
    )


class ContainerIncomplete(Refusal):
    code = "signatures.container_incomplete"
    clause = "11.200(a)(2)"
    status = 422
    message = "This container cannot sign: {problem}."


class CompanyCertificateRefused(Refusal):
    code = "signatures.company_certificate_refused"
    clause = "11.100(b)"
    status = 422
    message = "This certificate cannot be used for signing here. {reasons}"


class StatementMalformed(Refusal):
    code = "signatures.statement_malformed"
    clause = "11.50(a)"
    status = 422
    message = "The signed statement is not valid: {problem}."


class SigningKeyMismatch(Refusal):
    code = "signatures.signing_key_mismatch"
    clause = "11.70"
    status = 409
    message = "This key cannot sign with this certificate: {problem}."


class SignatureMalformed(Refusal):
    code = "signatures.signature_malformed"
    clause = "11.70"
    status = 422
    message = "The signature is not one made here: {problem}."


class SealFailed(Refusal):
    code = "signatures.seal_failed"
    clause = "11.30"
    status = 500
    message = "The document could not be sealed: {problem}. The record itself is untouched; try again or report this."


class TimeStampUnavailable(Refusal):
    code = "signatures.time_stamp_unavailable"
    clause = "11.30"
    status = 409
    message = "The time-stamp authority gave no usable time stamp: {problem}. Try again when it answers."
