"""The roles people hold, and which of them one person may not hold together.

Pure. Serves: 21 CFR 11.10(d)(g); EU GMP Annex 11 §12 (administration apart from quality).
"""

from __future__ import annotations

from collections.abc import Iterable

ROLES = {
    "operator": "Operator",
    "second_inspector": "Second inspector",
    "reviewer": "Reviewer",
    "qa_manager": "QA manager",
    "validation_engineer": "Validation engineer",
    "data_scientist": "Data scientist",
    "sponsor": "Clinical sponsor",
    "inspector": "Inspector",
    "security_officer": "Security officer",
    "administrator": "Administrator",
}

ADMINISTRATION_ROLES = frozenset({"administrator", "security_officer"})
OUTSIDE_ROLES = frozenset({"inspector"})
QUALITY_ROLES = frozenset(ROLES) - ADMINISTRATION_ROLES - OUTSIDE_ROLES
SIGNING_ROLES = QUALITY_ROLES


def find_conflict(roles: Iterable[str]) -> str | None:
    """Return, in words, why these roles may not be held by one person; None if they may."""
    held = frozenset(roles)
    if held & ADMINISTRATION_ROLES and held & QUALITY_ROLES:
        return "Administration and quality work must be different people."
    if held >= ADMINISTRATION_ROLES:
        return "Who adds people and who checks identities must be different people."
    if held & OUTSIDE_ROLES and held - OUTSIDE_ROLES:
        return "An inspector's account is read-only and holds no other role."
    return None
