"""A browser that is signed in."""

from __future__ import annotations

from django.test import Client

from tests.people import Person


def browser_of(person: Person) -> Client:
    """Return a browser of the person, signed in through the real page."""
    return person.client(fresh=True)
