"""The acts around people, as the timeline prints them."""

from __future__ import annotations

from records.acts import register

ACTS = register(
    {
        "accounts.person.created": ("added {person} as a person", "security"),
        "accounts.person.described": ("changed the details of {person}: {fields}", "security"),
        "accounts.person.deactivated": ("deactivated {person}", "security", True),
        "accounts.person.reactivated": ("reactivated {person}", "security", True),
        "accounts.person.unlocked": ("unlocked {person}", "security", True),
        "accounts.role.granted": ("gave {person} the role {role}", "security", True),
        "accounts.role.ended": ("ended the role {role} of {person}", "security", True),
        "accounts.invitation.issued": ("made a one-time link for {person}", "security"),
        "accounts.invitation.used": ("enrolled password and second factor", "security"),
        "accounts.credentials.reset": ("reset password and second factor of {person}", "security", True),
        "accounts.password.changed": ("changed their password", "security"),
        "accounts.device.lost": ("reported their second factor lost", "security"),
        "accounts.device.replaced": ("moved to a new second factor", "security"),
        "accounts.device.tested": ("tested their second factor", "security"),
        "accounts.recovery_code.used": ("used a recovery code", "security"),
        "accounts.recovery_code.made": ("made new recovery codes", "security"),
        "accounts.session.started": ("signed in with {factor}", "access"),
        "accounts.session.ended": ("signed out", "access"),
        "accounts.session.expired": ("was signed out after the {limit} limit", "access"),
        "accounts.session.closed": ("closed {count} sessions of {person}", "security"),
        "accounts.profile.changed": ("changed their preferences: {fields}", "access"),
        "accounts.tour.ended": ("closed the tour of the first visit", "access"),
        "accounts.register.viewed": ("read the access register as of {as_of}", "access"),
    }
)
