"""Refusals of the witness: to a log by HTTP status (C2SP tlog-witness), to its operator at the start."""

from __future__ import annotations

from records.errors import Refusal


class OriginUnknown(Refusal):
    code = "witness.origin_unknown"
    clause = "11.10(e)"
    status = 404
    message = "This witness does not know the log {origin}. Its operator adds logs with --log."


class OldSizeBeyondCheckpoint(Refusal):
    code = "witness.old_size_beyond_checkpoint"
    clause = "11.10(e)"
    status = 400
    message = "The old size {old_size} is larger than the checkpoint's {size}."


class OldSizeNotLatest(Refusal):
    code = "witness.old_size_not_latest"
    clause = "11.10(e)"
    status = 409
    message = "This witness last cosigned {size} leaves of this log, not {old_size}."


class RootDiffers(Refusal):
    code = "witness.root_differs"
    clause = "11.10(e)"
    status = 409
    message = "This witness cosigned {size} leaves of this log with another root: there are two histories."


class StateDamaged(Refusal):
    code = "witness.state_damaged"
    clause = "11.10(e)"
    status = 500
    message = (
        "The state file {path} is not this witness's: {problem}. Nothing is cosigned on it. Restore it, and the key it "
        "belongs to, from the last backup; if there is none, start a new witness with a new key and state."
    )


class StateMissing(Refusal):
    code = "witness.state_missing"
    clause = "11.10(e)"
    status = 500
    message = (
        "The key {key} is there, its state file {path} is not: without it a rolled-back log would be cosigned. "
        "Restore the state file, or start a new witness with a new key."
    )


class StateInUse(Refusal):
    code = "witness.state_in_use"
    clause = "11.10(e)"
    status = 409
    message = "Another witness process is using {path}. Stop it first, or give this one its own state and key."


class StateNotWritten(Refusal):
    code = "witness.state_not_written"
    clause = "11.10(e)"
    status = 500
    message = "The witness could not save its state, so it does not cosign: {problem}."


class KeyFileNameInvalid(Refusal):
    code = "witness.key_file_name_invalid"
    clause = "11.30"
    status = 500
    message = "The key file {path} needs a name that ends in .key, in a folder of its own (mode 0700)."


class ListenAddressInvalid(Refusal):
    code = "witness.listen_address_invalid"
    clause = "11.30"
    status = 500
    message = "“{given}” is not HOST:PORT, such as 127.0.0.1:7390."


class LogKeyKindWrong(Refusal):
    code = "witness.log_key_kind_wrong"
    clause = "11.10(e)"
    status = 500
    message = "“{given}” is the key of a witness. --log takes the verifier key of the log itself."
