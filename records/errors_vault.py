"""Refusals of the key store in Vault: what is wrong there, and who can mend it. None carries a secret."""

from __future__ import annotations

from records.errors import Refusal


class VaultSealed(Refusal):
    code = "records.vault_sealed"
    clause = "11.30"
    status = 503
    message = (
        "The key store (Vault) is sealed, so nothing can be signed or unlocked; nothing was changed. "
        "Its administrators must unseal it; then try again."
    )


class VaultUnreachable(Refusal):
    code = "records.vault_unreachable"
    clause = "11.30"
    status = 503
    message = (
        "The key store (Vault) at {address} cannot be used now: {problem}. "
        "Nothing is half done; try again, and tell an administrator if it stays so."
    )


class VaultDenied(Refusal):
    code = "records.vault_denied"
    clause = "11.10(d)"
    status = 503
    message = (
        "The key store (Vault) does not allow this process to {doing}. "
        "An administrator must compare its policy with deploy/vault."
    )


class VaultLoginRefused(Refusal):
    code = "records.vault_login_refused"
    clause = "11.10(d)"
    status = 503
    message = (
        "The key store (Vault) refused the role id or the secret id of this process. "
        "An administrator must issue a new secret id and check VAULT_ROLE_ID."
    )


class VaultMismatch(Refusal):
    code = "records.vault_mismatch"
    clause = "11.30"
    status = 503
    message = "The key store (Vault) is not set up as Countersign needs it: {problem}. See deploy/vault."


class KeyMayLeave(Refusal):
    code = "records.key_may_leave"
    clause = "11.30"
    status = 503
    message = (
        "The key “{name}” may be taken out of Vault (exportable, or plaintext backup allowed), so it is not used. "
        "Make a new key that cannot leave."
    )
