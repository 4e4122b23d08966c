"""The refusals of signing routes and ceremonies; each names the rule that was broken."""

from __future__ import annotations

from records.errors import Refusal


class ActionNeedsNoSignature(Refusal):
    code = "signatures.no_route"
    clause = "11.10(f)"
    status = 409
    message = "“{action}” takes no signature. Do it on the record's own page."


class SignerIsNotAPerson(Refusal):
    code = "signatures.signer_not_a_person"
    clause = "11.200(a)(2)"
    status = 403
    message = "Only a person signs, never the software or a service account."


class SigningNeedsSession(Refusal):
    code = "signatures.no_session"
    clause = "11.200(a)(1)"
    status = 403
    message = "Signing happens only on the signing page, after signing in there. A token cannot sign."


class RouteComplete(Refusal):
    code = "signatures.route_complete"
    clause = "11.10(f)"
    status = 409
    message = "Version {version} of {number} has all its signatures for “{action}” already."


class SeatNeedsRole(Refusal):
    code = "signatures.seat_needs_role"
    clause = "11.10(g)"
    status = 403
    message = "The next signature is that of the {seat}, which needs the role {roles}. You do not hold it."


class SignerIsAuthor(Refusal):
    code = "signatures.signer_is_author"
    clause = "11.10(g)"
    status = 403
    message = "You wrote {number}, so another person must sign it."


class SignerHoldsSeat(Refusal):
    code = "signatures.signer_holds_seat"
    clause = "11.10(g)"
    status = 403
    message = "You have already signed version {version} of {number} here. Each signature must be another person's."


class SignerSignedEarlier(Refusal):
    code = "signatures.signer_signed_earlier"
    clause = "11.10(g)"
    status = 403
    message = "You signed {number} at an earlier step (“{earlier}”), so another person must sign this one."


class SignerActedOnRecord(Refusal):
    code = "signatures.signer_acted_on_record"
    clause = "11.10(g)"
    status = 403
    message = "You worked on {number} yourself. This signature must come from somebody who did not."


class VersionWasDeclined(Refusal):
    code = "signatures.version_declined"
    clause = "11.10(f)"
    status = 409
    message = "{name} declined version {version} of {number} ({signature}). It must be changed before it can be signed."


class DeclineNotOffered(Refusal):
    code = "signatures.decline_not_offered"
    clause = "11.10(f)"
    status = 409
    message = "“{action}” cannot be declined by signature. Leave the page, or return the record on its own page."


class CeremonyOfAnotherPerson(Refusal):
    code = "signatures.ceremony_of_another"
    clause = "11.300(d)"
    status = 404
    message = "There is no signing page of yours at this address."


class CeremonyOfAnotherSession(Refusal):
    code = "signatures.ceremony_of_another_session"
    clause = "11.200(a)(1)"
    status = 409
    message = "You opened this signing page before you signed in again. Open the record and start again."


class CeremonyClosed(Refusal):
    code = "signatures.ceremony_closed"
    clause = "11.200(a)(1)"
    status = 409
    message = "This signing page of {number} is closed: {state}. Nothing was signed by this attempt."


class CeremonyInUse(Refusal):
    code = "signatures.ceremony_in_use"
    clause = "11.200(a)(1)"
    status = 409
    message = "This signature is being made at this moment. Nothing was signed twice."


class CeremonyExpired(Refusal):
    code = "signatures.ceremony_expired"
    clause = "11.200(a)(1)"
    status = 409
    message = "This signing page of {number} expired after {minutes} minutes. Start again; your text is kept."


class RecordChangedSinceShown(Refusal):
    code = "signatures.record_changed"
    clause = "11.70"
    status = 409
    message = (
        "{number} changed after you opened this page, so nothing was signed. Review what changed, then sign again."
    )


class SeatTaken(Refusal):
    code = "signatures.seat_taken"
    clause = "11.10(f)"
    status = 409
    message = "Somebody else signed {number} in this place while you were here. Open the record to see how it stands."


class SeriesEmpty(Refusal):
    code = "signatures.series_empty"
    clause = "11.200(a)(1)"
    status = 422
    message = "Tick the records that you want to sign one after the other."


class SeriesTooLong(Refusal):
    code = "signatures.series_too_long"
    clause = "11.200(a)(1)"
    status = 422
    message = "A series has at most {most} records. Tick fewer."


class SeriesMixed(Refusal):
    code = "signatures.series_mixed"
    clause = "11.50(a)"
    status = 422
    message = "A series has one meaning. You ticked records to sign as {meanings}."


class SignatureUnknown(Refusal):
    code = "signatures.signature_unknown"
    clause = "11.10(d)"
    status = 404
    message = "There is no signature of that number that you may see."


class RenditionNotReady(Refusal):
    code = "signatures.rendition_not_ready"
    clause = "11.10(b)"
    status = 404
    message = "The signed PDF of {number} is still being made. It appears on the signed page by itself."


class RecordUnknown(Refusal):
    code = "signatures.record_unknown"
    clause = "11.10(d)"
    status = 404
    message = "There is no record of that number that you may see."


class NothingToSign(Refusal):
    code = "signatures.nothing_to_sign"
    clause = "11.10(f)"
    status = 409
    message = "Nothing waits for your signature now."


class RenditionNotDue(Refusal):
    code = "signatures.rendition_not_due"
    clause = "11.50(b)"
    status = 409
    message = "The signed PDF of {number} is made when all signatures of the step are there."


class RenditionStamped(Refusal):
    code = "signatures.rendition_stamped"
    clause = "11.10(c)"
    status = 409
    message = "The PDF of {number} carries a time stamp, which nobody can give again. Restore the file from the backup."


class RenditionNotTheSame(Refusal):
    code = "signatures.rendition_not_the_same"
    clause = "11.10(c)"
    status = 409
    message = "The PDF of {number}, made again, differs from the one that was kept. Restore the file from the backup."
