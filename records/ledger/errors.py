"""Refusals of the ledger's pure modules: proofs, notes, checkpoints, tiles, witnesses.

Each proof or file of others that does not hold ends in one of these, never in an error of
Python or of a library. None of them carries a secret.
"""

from __future__ import annotations

from records.errors import Refusal


class ProofInvalid(Refusal):
    code = "ledger.proof_invalid"
    clause = "11.10(a)"
    status = 422
    message = (
        "This {what} proof does not hold: {problem}. The tree or the proof was altered, or they do not belong together."
    )


class ProofImpossible(Refusal):
    code = "ledger.proof_impossible"
    clause = "11.10(a)"
    status = 422
    message = "There is no such proof: {problem}."


class FrontierMalformed(Refusal):
    code = "ledger.frontier_malformed"
    clause = "11.10(a)"
    status = 409
    message = "These hashes cannot be the edge of a tree of {size} leaves: {problem}. Rebuild the tree from its leaves."


class VerifierKeyMalformed(Refusal):
    code = "ledger.verifier_key_malformed"
    clause = "11.10(a)"
    status = 422
    message = "“{given}” is not a verifier key: {problem}. Copy the whole line that the log or the witness prints."


class NoteMalformed(Refusal):
    code = "ledger.note_malformed"
    clause = "11.10(a)"
    status = 400
    message = "This is not a signed note: {problem}."


class NoteNotSigned(Refusal):
    code = "ledger.note_not_signed"
    clause = "11.10(a)"
    status = 403
    message = "No key that is trusted here signed this note; it is signed by {signers}."


class NoteSignatureInvalid(Refusal):
    code = "ledger.note_signature_invalid"
    clause = "11.10(a)"
    status = 403
    message = "The signature of {signer} does not fit this note: the note was altered, or signed by another key."


class CheckpointMalformed(Refusal):
    code = "ledger.checkpoint_malformed"
    clause = "11.10(a)"
    status = 400
    message = "This is not a checkpoint: {problem}."


class CheckpointOfAnotherLog(Refusal):
    code = "ledger.checkpoint_of_another_log"
    clause = "11.10(a)"
    status = 409
    message = "This checkpoint is of the log {found}; one of {wanted} is needed."


class TileMalformed(Refusal):
    code = "ledger.tile_malformed"
    clause = "11.10(a)"
    status = 422
    message = "{path} is not a tile of a log: {problem}."


class EntryTooLarge(Refusal):
    code = "ledger.entry_too_large"
    clause = "11.10(a)"
    status = 500
    message = "An entry of {size} bytes does not fit into a log; at most {limit} do."


class SubmissionMalformed(Refusal):
    code = "ledger.submission_malformed"
    clause = "11.10(a)"
    status = 400
    message = "This is not a submission to a witness: {problem}."


class WitnessAddressInvalid(Refusal):
    code = "ledger.witness_address_invalid"
    clause = "11.10(e)"
    status = 500
    message = "“{url}” cannot be the address of a witness: write http://host:port or https://host, without a password."


class WitnessUnreachable(Refusal):
    code = "ledger.witness_unreachable"
    clause = "11.10(e)"
    status = 503
    message = "The witness at {url} did not answer: {problem}. Sealing goes on; start the witness or mend the network."


class WitnessRefused(Refusal):
    code = "ledger.witness_refused"
    clause = "11.10(e)"
    status = 409
    message = "The witness at {url} refused this checkpoint ({status_code}): {answer}"


class WitnessAnswerInvalid(Refusal):
    code = "ledger.witness_answer_invalid"
    clause = "11.10(e)"
    status = 502
    message = (
        "The answer of the witness at {url} is not to be believed: {problem}. "
        "Compare its verifier key with the one that the witness prints."
    )


class WitnessAtAnotherSize(Refusal):
    """The witness last cosigned another size than the one the proof begins with; ``facts["size"]`` says which."""

    code = "ledger.witness_at_another_size"
    clause = "11.10(e)"
    status = 409
    message = "The witness at {url} last cosigned {size} leaves, not {old_size}: prove the growth from there."


class WitnessHasSeenMore(WitnessAtAnotherSize):
    """The witness cosigned more leaves than this checkpoint has: the ledger was rolled back."""

    code = "ledger.witness_has_seen_more"
    clause = "11.10(e)"
    status = 409
    message = (
        "The witness at {url} has seen {size} leaves, this checkpoint has only {new_size}: the ledger was rolled back. "
        "Change nothing and call the quality unit."
    )
