"""The acts of authentication and of certificates, as the timeline prints them."""

from __future__ import annotations

from records.acts import register

ACTS = register(
    {
        "signatures.authentication.accepted": ("gave password and {factor} for {purpose}", "security"),
        "signatures.authentication.refused": (
            "gave a password or code for {username} that was refused ({purpose})",
            "security",
        ),
        "signatures.authentication.blocked": ("tried to get in as {username}, who is locked ({purpose})", "security"),
        "signatures.authentication.locked": ("locked {username} after {failures} refused tries", "security"),
        "signatures.authentication.flagged": ("got in after {failures} refused tries", "security"),
        "signatures.code.replayed": ("gave a code that had been used already ({purpose})", "security"),
        "signatures.code.drifted": ("gave a code of a clock that is {seconds} s off", "security"),
        "signatures.identity.checked": ("checked the identity of {person} ({method}, {document})", "security"),
        "signatures.certificate.issued": ("got the signing certificate {serial}", "security"),
        "signatures.certificate.imported": ("imported the company's certificate {serial}", "security"),
        "signatures.certificate.revoked": ("revoked the certificate {serial} of {person}", "security", True),
        "signatures.policy.acknowledged": ("acknowledged the signing policy, version {version}", "security"),
        "signatures.site_certificate.renewed": (
            "renewed the certificate of the {name}: {serial}, valid until {ends}",
            "security",
            True,
        ),
        "signatures.certificate.expiring": ("noticed that the certificate of {name} ends on {ends}", "system"),
    }
)
