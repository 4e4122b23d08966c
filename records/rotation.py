"""Rotating a key of the installation: a new version signs from now on, the older ones still verify.

Only keys that stand on their own: the authority's and the seal's belong to their certificates, go on with
the version that their certificate names, whatever is done in the store, and change when that is renewed.
"""

from __future__ import annotations

from django.db import transaction

from records.acting import acting
from records.errors_content import KeyNotRotated
from records.evidence import system_actor
from records.ledger.identity import CHECKPOINT_KEY, publish_version
from records.stores import sealer_key_store

ROTATABLE = (CHECKPOINT_KEY,)


def rotate_key(name: str, *, reason: str) -> int:
    """Rotate a key of the installation and return its new version.

    The event is written first and comes undone where the store refuses.
    The new public key is published beside the older ones; give it to the witness too.
    Writes: records_event (`records.key.rotated`). Raises: KeyNotRotated, KeyMissing, ReasonMissing, the
    store's refusals. Serves: 21 CFR 11.10(e), 11.30.
    """
    if name not in ROTATABLE:
        raise KeyNotRotated(
            name=name, problem="it belongs to a certificate; renew that with `manage.py renew_certificate`"
        )
    store = sealer_key_store()
    wanted = max(store.public_keys(name)) + 1
    details = {"name": name, "version": wanted}
    with transaction.atomic(), acting(system_actor("keys"), "records.key.rotated", reason=reason, details=details):
        made = store.rotate_key(name)
        if made != wanted:
            raise KeyNotRotated(name=name, problem=f"somebody else rotated it at the same time, to version {made}")
        publish_version(store, name, made)
    return made
