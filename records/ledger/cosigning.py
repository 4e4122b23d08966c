"""Have the last checkpoint cosigned by the witness, and tell at once when it refuses.

Runs in the sealer's process after the checkpoint is committed; a witness that does not answer
delays nothing and is asked again. Serves: 21 CFR 11.10(e).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.db import connections, transaction

from records.acting import acting
from records.alerts import promise_alert
from records.errors import Refusal
from records.evidence import system_actor
from records.ledger.errors import WitnessAtAnotherSize, WitnessHasSeenMore, WitnessRefused
from records.ledger.known import witness_key
from records.ledger.merkle import consistency_proof
from records.ledger.notes import SignedNote, VerifierKey, parse_note, parse_signature_lines
from records.ledger.trees import tree_reader
from records.ledger.witnessing import ask_witness
from records.models import Event
from records.models_ledger import Checkpoint, CheckpointCosignature

WITNESS_REFUSED: Final = "records.witness.refused"
COSIGN_LOCK: Final = 7_210_062


def cosign_last(*, using: str = "sealer") -> int | None:
    """Have the last checkpoint cosigned, unless it is; return its size, or None when nothing was to be done.

    Writes: records_checkpointcosignature; records_event (`records.witness.refused`) when the witness
    saw another ledger. Raises: WitnessUnreachable, WitnessAnswerInvalid, and that refusal again.
    """
    key = witness_key()
    if key is None or not settings.WITNESS_URL:
        return None
    with transaction.atomic(using=using):
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [COSIGN_LOCK])
            is_free = cursor.fetchone()[0]
        last = Checkpoint.objects.using(using).order_by("-size").first()
        if last is None or not is_free or last.cosignatures.filter(witness=key.name).exists():
            return None
        try:
            line = ask_for_line(last, key, using=using)
        except (WitnessHasSeenMore, WitnessRefused) as refusal:
            tell_refusal(last.size, refusal)
            raise
        CheckpointCosignature.objects.using(using).create(checkpoint=last, witness=key.name, line=line)
    return last.size


def ask_for_line(last: Checkpoint, key: VerifierKey, *, using: str) -> str:
    """Return the witness's signature line, proving growth from what it cosigned last."""
    before = CheckpointCosignature.objects.using(using).filter(witness=key.name).order_by("-checkpoint_id").first()
    old_size = before.checkpoint_id if before else 0
    try:
        return ask(last, key, old_size, using=using)
    except WitnessHasSeenMore:
        raise
    except WitnessAtAnotherSize as refusal:
        # An answer of it was lost on the way, or our database forgot it: the proof decides.
        return ask(last, key, int(str(refusal.facts["size"])), using=using)


def ask(last: Checkpoint, key: VerifierKey, old_size: int, *, using: str) -> str:
    """Ask once, with the proof that begins at a size."""
    proof = consistency_proof(old_size, last.size, tree_reader(last.size, using))
    return str(ask_witness(settings.WITNESS_URL, key, parse_note(last.note.encode()), old_size, proof).line)


def cosigned_note(checkpoint: Checkpoint, cosignatures: Iterable[CheckpointCosignature]) -> SignedNote:
    """Return a checkpoint with the ledger's signature first, the witnesses' lines below. Raises: NoteMalformed."""
    lines = [line for row in cosignatures for line in parse_signature_lines(f"{row.line.rstrip()}\n")]
    return parse_note(checkpoint.note.encode()).with_signatures(lines)


def tell_refusal(size: int, refusal: Refusal) -> None:
    """Record and tell that the witness refused, once per checkpoint. Writes: records_event, records_outboxitem."""
    if Event.objects.filter(act=WITNESS_REFUSED, details__size=size).exists():
        return
    with acting(system_actor("sealer"), WITNESS_REFUSED, details={"size": size, "code": refusal.code}) as event:
        promise_alert(event.id, refusal.text)
