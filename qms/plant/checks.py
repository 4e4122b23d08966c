"""What the deployment check says of the key store: it answers, and nobody holds too much.

Part of ``manage.py check --deploy``, run as each process runs. Serves: 21 CFR 11.10(d).
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004  the framework's name

from records.errors import Refusal
from records.vault import VaultKeyStore, open_store

CHECKPOINT_KEY, AUTHORITY_KEY = "checkpoint", "site-authority"


@register(Tags.security, deploy=True)
def check_key_store(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Ask Vault, where it keeps the keys, what this process may do there."""
    return [] if settings.VAULT is None else list(find_vault_faults(open_store(settings.VAULT)))


def find_vault_faults(store: VaultKeyStore) -> Iterator[CheckMessage]:
    """Yield what an administrator has to mend before this process serves."""
    file = store.access.secret_id_file
    if file and Path(file).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Warning(
            "The file of VAULT_SECRET_ID_FILE can be read by other accounts.",
            hint="Give it mode 0600, owned by the account of this process.",
            id="countersign.W010",
        )
    try:
        holds_both = store.may_sign(CHECKPOINT_KEY) and store.may_sign(AUTHORITY_KEY)
    except Refusal as refusal:
        yield Error(refusal.text, id="countersign.E010")
        return
    if holds_both:
        yield Warning(
            "This process may sign checkpoints and certificates: whoever takes it over could rewrite the past.",
            hint="Give the sealer and the web process an AppRole each, with the policies of deploy/vault.",
            id="countersign.W011",
        )
