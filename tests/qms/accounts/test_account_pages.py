"""The account and people pages: they open for whom they should, and their acts work without scripts."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qms.accounts import codes
from qms.accounts.models import Invitation, TotpDevice, User
from qms.accounts.seeds import open_seed
from records.clock import now
from records.models import Event
from signatures.eligibility import why_not_sign
from tests.people import Crew, Person

pytestmark = pytest.mark.django_db

OWN_PAGES = (
    "profile",
    "preferences",
    "password",
    "certificate",
    "certificate-import",
    "device-test",
    "device-replace",
    "device-lost",
    "recovery-codes",
    "policy",
)


def field(page: Any, name: str) -> str:
    """Return the value of a field in a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.content.decode())
    assert found, f"no field {name}"
    return found[1]


def two_codes(sealed: str, user: User) -> tuple[str, str]:
    seed = open_seed(base64.urlsafe_b64decode(sealed), user_id=user.pk)
    step = codes.Clock().step_at(now())
    return codes.code_of(seed, step - 1), codes.code_of(seed, step)


@pytest.mark.parametrize("name", OWN_PAGES)
def test_everybody_reaches_their_own_pages(outsider: Person, name: str) -> None:
    answer = outsider.client().get(reverse(f"accounts:{name}"))
    assert answer.status_code == 200


@pytest.mark.clause("11.10(d)")
@pytest.mark.parametrize("name", [*OWN_PAGES, "person-list", "person-add", "access-register"])
def test_visitors_are_sent_to_sign_in(name: str) -> None:
    path = reverse(f"accounts:{name}")
    answer: Any = Client().get(path)
    assert answer.status_code == 302
    assert answer.url.startswith("/sign-in/?next=")


@pytest.mark.clause("11.10(g)")
@pytest.mark.parametrize("name", ["person-list", "person-add", "access-register"])
def test_people_pages_are_for_administration(operator: Person, administrator: Person, name: str) -> None:
    path = reverse(f"accounts:{name}")
    assert operator.client().get(path).status_code == 403
    assert Event.objects.filter(act="records.access.denied", actor_id=operator.user.pk).exists()
    assert administrator.client().get(path).status_code == 200


@pytest.mark.clause("11.300(c)")
def test_a_person_is_added_invited_enrolled_identified_and_certified_by_pages(crew: Crew) -> None:
    admin, officer = crew.administrator.client(), crew.security_officer.client()
    typed = {
        "username": "lee",
        "printed_name": "Lee Ng",
        "email": "lee@example.com",
        "job_title": "",
        "time_zone": "UTC",
    }
    assert admin.post(reverse("accounts:person-add"), typed).status_code == 302
    role = {"role": "operator", "starts_on": "", "ends_on": "", "reason": "works on line three"}
    assert admin.post(reverse("accounts:role-grant", args=["lee"]), role).status_code == 302
    shown = admin.post(reverse("accounts:person-link", args=["lee"])).content.decode()
    found = re.search(r"(/enrol/[^/]+/)", shown)
    assert found
    person = enrol_by_page(found[1], "lee")
    identity = {"method": "in_person", "document_class": "passport", "note": "", "code": person.code()}
    assert officer.post(reverse("accounts:person-identity", args=["lee"]), identity).status_code == 302
    assert person.client().post(reverse("accounts:certificate"), person.credentials()).status_code == 302
    assert why_not_sign(person.user) == ()
    assert "Lee Ng (lee)" in person.client().get(reverse("accounts:profile")).content.decode()


def enrol_by_page(path: str, username: str) -> Person:
    visitor = Client()
    page = visitor.get(path)
    assert page.status_code == 200
    user = User.objects.get(username=username)
    sealed = field(page, "sealed_seed")
    first, second = two_codes(sealed, user)
    password = "fourteen blue vials"
    typed = {
        "new_password": password,
        "new_password_again": password,
        "sealed_seed": sealed,
        "first_code": first,
        "second_code": second,
        "policy_digest": field(page, "policy_digest"),
        "has_read_policy": "on",
    }
    wrong = visitor.post(path, {**typed, "second_code": "000000"})
    assert wrong.status_code == 422
    assert field(wrong, "sealed_seed") == sealed  # nobody scans twice for a typing error
    done = visitor.post(path, typed)
    assert done.status_code == 200
    assert len(re.findall(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", done.content.decode())) == 10
    assert visitor.get(path).status_code == 404
    return Person(User.objects.get(username=username), password)


def test_opening_the_enrolment_page_writes_nothing(crew: Crew) -> None:
    person = crew.add("sam")
    assert person.user.pk
    link = crew.security_officer.client().post(
        reverse("accounts:person-reset", args=["sam"]), {"reason": "lost the phone"}
    )
    found = re.search(r"(/enrol/[^/]+/)", link.content.decode())
    assert found
    devices, events = TotpDevice.objects.count(), Event.objects.count()
    for _ in range(3):
        assert Client().get(found[1]).status_code == 200
    assert (TotpDevice.objects.count(), Event.objects.count()) == (devices, events)


def test_preferences_change_the_zone_that_times_are_shown_in(outsider: Person) -> None:
    client = outsider.client()
    answer = client.post(reverse("accounts:preferences"), {"time_zone": "Asia/Tokyo"})
    assert answer.status_code == 302
    page = client.get(reverse("accounts:profile")).content.decode()
    assert "UTC+09:00" in page
    assert 'data-shortcuts="off"' in page
    assert client.post(reverse("accounts:preferences"), {"time_zone": "Mars/Olympus"}).status_code == 422


def test_a_role_is_ended_a_person_deactivated_and_brought_back_by_pages(crew: Crew) -> None:
    crew.add("kit", "operator", can_sign=False)
    admin = crew.administrator.client()
    reason = {"reason": "moved to another site"}
    assert admin.post(reverse("accounts:role-end", args=["kit", "operator"]), reason).status_code == 302
    assert User.objects.get(username="kit").held_roles() == frozenset()
    assert admin.post(reverse("accounts:person-deactivate", args=["kit"]), reason).status_code == 302
    assert not User.objects.get(username="kit").is_active
    assert admin.post(reverse("accounts:person-reactivate", args=["kit"]), reason).status_code == 302
    assert User.objects.get(username="kit").is_active


def test_an_empty_reason_is_asked_for_again(crew: Crew) -> None:
    crew.add("kit", can_sign=False)
    answer = crew.administrator.client().post(reverse("accounts:person-deactivate", args=["kit"]), {"reason": "x"})
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()


def test_links_are_kept_as_hashes_only(crew: Crew) -> None:
    crew.add("kit", can_sign=False)
    shown = crew.security_officer.client().post(reverse("accounts:person-reset", args=["kit"]), {"reason": "new phone"})
    found = re.search(r"/enrol/([^/]+)/", shown.content.decode())
    assert found
    assert not Invitation.objects.filter(secret_hash=found[1]).exists()
    assert found[1] not in str(list(Event.objects.values_list("details", flat=True)))


def test_the_authority_and_its_revocation_list_are_public(crew: Crew) -> None:
    assert b"BEGIN CERTIFICATE" in Client().get(reverse("accounts:authority")).content
    assert Client().get(reverse("accounts:revocation-list")).status_code == 200
