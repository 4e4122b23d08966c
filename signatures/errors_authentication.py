"""The refusals of passwords, codes and the right to sign. None of them says which part was wrong."""

from __future__ import annotations

from records.errors import Refusal


class CredentialsRefused(Refusal):
    code = "signatures.credentials_refused"
    clause = "11.300(d)"
    status = 403
    message = "Password or code not accepted. {tries} left."


class AccountLocked(Refusal):
    code = "signatures.account_locked"
    clause = "11.300(d)"
    status = 423
    message = "Locked until {until} UTC after {failures} refused tries. A security officer can unlock it earlier."


class CodeAlreadyUsed(Refusal):
    code = "signatures.code_already_used"
    clause = "11.200(a)(1)"
    status = 409
    message = "This code was used already and counts only once. Use the next one, in {seconds} s."


class PolicyNotAcknowledged(Refusal):
    code = "signatures.policy_not_acknowledged"
    clause = "11.10(j)"
    status = 409
    message = "Read and acknowledge the signing policy, version {version}, on your account page before you sign."


class IdentityNotChecked(Refusal):
    code = "signatures.identity_not_checked"
    clause = "11.100(b)"
    status = 409
    message = (
        "Nobody has checked your identity since you enrolled. Go to a security officer with your device and a document."
    )


class CertificateMissing(Refusal):
    code = "signatures.certificate_missing"
    clause = "11.70"
    status = 409
    message = "You have no signing certificate. Get one on your account page."


class CertificateNotInForce(Refusal):
    code = "signatures.certificate_not_in_force"
    clause = "11.70"
    status = 409
    message = "Your signing certificate is valid from {begins} to {ends} only. Get a new one on your account page."


class DeviceMissing(Refusal):
    code = "signatures.device_missing"
    clause = "11.200(a)(1)"
    status = 409
    message = "You have no second factor. Ask a security officer for a new enrolment link."


class DeviceTestOverdue(Refusal):
    code = "signatures.device_test_overdue"
    clause = "11.300(e)"
    status = 409
    message = "Your second factor was due to be tested on {due}. Test it on your account page, then sign."


class PersonNotActive(Refusal):
    code = "signatures.person_not_active"
    clause = "11.10(d)"
    status = 403
    message = "This account is deactivated."


class CheckerIsPerson(Refusal):
    code = "signatures.checker_is_person"
    clause = "11.100(b)"
    status = 403
    message = "Nobody checks their own identity."


class CheckerIssuedLink(Refusal):
    code = "signatures.checker_issued_link"
    clause = "11.200(a)(3)"
    status = 403
    message = "You made the link under which {name} enrolled. Somebody else must check the identity."


class CheckerNotChecked(Refusal):
    code = "signatures.checker_not_checked"
    clause = "11.100(b)"
    status = 403
    message = "Your own identity must be on record before you check that of others."


class CheckIncomplete(Refusal):
    code = "signatures.check_incomplete"
    clause = "11.100(b)"
    status = 422
    message = "Say how the identity was checked and which class of document was seen."


class CertificateInForce(Refusal):
    code = "signatures.certificate_in_force"
    clause = "11.100(a)"
    status = 409
    message = (
        "You have a certificate that is valid until {ends}. It must be revoked or nearly over before you get another."
    )


class CertificateOfAnother(Refusal):
    code = "signatures.certificate_of_another"
    clause = "11.100(a)"
    status = 422
    message = "The certificate names “{subject}”, which is not you ({name})."


class CertificateKnown(Refusal):
    code = "signatures.certificate_known"
    clause = "11.100(a)"
    status = 409
    message = "This certificate is or was in use here already. Each belongs to one person and is never used twice."


class AnchorsMissing(Refusal):
    code = "signatures.anchors_missing"
    clause = "11.30"
    status = 409
    message = (
        "No company authority is trusted here yet. An administrator must put its certificate into the trusted folder."
    )
