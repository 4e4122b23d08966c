"""The people of the tests are made by the product's rules and can do what their role needs."""

from __future__ import annotations

import pytest

from signatures.authentication import authenticate
from signatures.containers import open_container
from signatures.eligibility import why_not_sign
from tests.people import Person

pytestmark = pytest.mark.django_db


def test_a_signer_may_sign_and_an_outsider_may_not(qa_manager: Person, outsider: Person) -> None:
    assert why_not_sign(qa_manager.user) == ()
    assert [reason.code for reason in why_not_sign(outsider.user)] == ["signatures.identity_not_checked"]


def test_every_code_is_fresh(operator: Person) -> None:
    for _ in range(3):
        authenticate(operator.user, purpose="signing", actor=operator.actor(), **operator.credentials())


def test_the_password_alone_opens_the_key(operator: Person) -> None:
    opened = open_container(bytes(operator.certificate.container), operator.password)
    assert operator.username in opened.certificate.subject.rfc4514_string()
