"""The acts of signing: what the timeline says of ceremonies, signatures and their notices."""

from __future__ import annotations

from records.acts import register

ACTS = register(
    {
        "signatures.ceremony.opened": ("opened {number} version {version} to sign it as “{meaning}”", "signature"),
        "signatures.ceremony.cancelled": ("left the signing page of {number} without signing", "signature"),
        "signatures.ceremony.expired": ("let the signing page of {number} expire", "signature"),
        "signatures.ceremony.voided": ("could not sign {number}: it had changed meanwhile", "signature"),
        "signatures.ceremony.failed": ("tried to sign {number} and was refused: {code}", "security"),
        "signatures.ceremony.intruded": ("used the signing page of {signer} on {number}", "security"),
        "signatures.ceremony.refused": ("may not sign {number} (“{action}”): {code}", "security"),
        "signatures.series.opened": ("opened a series of {count} records to sign as “{meaning}”", "signature"),
        "signatures.signature.made": ("signed {number} version {version} as “{meaning}”: {signature}", "signature"),
        "signatures.signature.declined": (
            "declined {number} version {version} as “{meaning}”: {signature}",
            "signature",
            True,
        ),
        "signatures.notice.sent": ("told {username} that {signature} was made in their name", "system"),
        "signatures.capsule.made": ("made the evidence capsule of {title}", "access"),
        "signatures.capsule.imported": ("imported the evidence capsule of {title}", "system"),
        "signatures.copy.taken": ("took a copy of {name} of {number}", "access"),
    }
)
