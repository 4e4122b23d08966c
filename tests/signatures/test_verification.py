"""Whatever a superuser changes around a signature, the checklist says so and names the field."""

import pytest
from django.db import DatabaseError, connection, transaction

from qms.accounts import people
from records.verifying.findings import Tally
from signatures.checklist import verify_stored_signature
from signatures.manifestation import manifestation_of
from signatures.models import Signature
from signatures.verifying import check_signature_numbers, check_signatures
from tests.signatures.papers import approved_paper, decline, edit, open_for, reread, sign, submitted_paper

pytestmark = [pytest.mark.clause("11.10(a)", "11.70")]


@pytest.fixture
def signed(tamper, author, reviewer, qa_manager):
    """Return an approved paper and its two signatures."""
    paper = approved_paper(author, reviewer, qa_manager)
    return paper, *Signature.objects.order_by("id")


def verdict(signature):
    return verify_stored_signature(Signature.objects.get(pk=signature.pk))


def faults(signature):
    return {fault.field for check in verdict(signature).checks for fault in check.faults}


def test_an_untouched_signature_is_valid_in_every_respect(signed):
    status = verdict(signed[2])
    assert (status.intact, status.bound, status.authorised, status.certificate_valid) == (True, True, True, True)
    assert status.bottom_line
    assert status.reasons == ()
    assert len(status.checks) == 10


ATTACKS = {
    "printed_name": "Somebody Else",
    "username": "author",
    "role": "Operator",
    "meaning": "release",
    "reason": "another reason",
    "action": "publish",
    "seat": "review2",
    "time_zone": "Asia/Tokyo",
    "signed_at": "2020-01-01T00:00:00Z",
    "content_hash": "0" * 64,
    "number": "S-2026-0099",
}


def test_each_changed_column_of_the_row_is_named(signed, tamper):
    for column, value in ATTACKS.items():
        with transaction.atomic():
            tamper(f"UPDATE signatures_signature SET {column} = %s WHERE id = %s", value, signed[2].pk)
            assert column in faults(signed[2]), column
            assert not verdict(signed[2]).bottom_line
            transaction.set_rollback(True)
    assert verdict(signed[2]).bottom_line


def test_one_flipped_bit_of_statement_or_signature_is_found(signed, tamper):
    for column in ("statement", "cms"):
        for place in (0, 40, 200, 400):
            with transaction.atomic():
                flipped = f"set_byte({column}, {place}, get_byte({column}, {place}) # 1)"
                tamper(f"UPDATE signatures_signature SET {column} = {flipped} WHERE id = %s", signed[2].pk)
                assert not verdict(signed[2]).bottom_line, (column, place)
                assert "event.cms_sha256" in faults(signed[2]) or not verdict(signed[2]).intact
                transaction.set_rollback(True)


def test_a_changed_byte_of_the_content_is_found(signed, tamper):
    tamper(
        "UPDATE records_version SET content = set_byte(content, 30, get_byte(content, 30) # 1) WHERE id = %s",
        signed[2].version_id,
    )
    assert {"version.content_hash", "content_hash"} <= faults(signed[2])
    assert not verdict(signed[2]).intact


def test_content_and_hash_changed_together_are_found_all_the_same(signed, tamper):
    tamper(
        "UPDATE records_version SET content ="
        " convert_to(replace(convert_from(content, 'UTF8'), 'clear', 'cloudy'), 'UTF8') WHERE id = %s",
        signed[2].version_id,
    )
    tamper(
        "UPDATE records_version SET content_hash = encode(sha256(content), 'hex') WHERE id = %s", signed[2].version_id
    )
    tamper(
        "UPDATE signatures_signature s SET content_hash = v.content_hash FROM records_version v"
        " WHERE v.id = s.version_id AND s.id = %s",
        signed[2].pk,
    )
    assert "statement.content_hash" in faults(signed[2])
    assert not verdict(signed[2]).bottom_line


def test_a_signature_moved_to_another_record_is_invalid(signed, author, tamper):
    other = submitted_paper(author, title="Another paper")
    tamper("UPDATE signatures_signature SET record_id = %s WHERE id = %s", other.pk, signed[2].pk)
    assert {"record.number", "version.record"} <= faults(signed[2])


def test_a_signature_moved_to_another_version_is_invalid(tamper, author, reviewer):
    paper = submitted_paper(author)
    signature = sign(reviewer, paper)
    edit(paper, author, body="Edited after the signature.")
    newer = open_for(reviewer, reread(paper)).version
    tamper("UPDATE signatures_signature SET version_id = %s WHERE id = %s", newer.pk, signature.pk)
    assert {"version.number", "statement.content_hash", "ceremony.version"} <= faults(signature)


def test_a_copied_row_is_invalid(signed, author, reviewer, tamper):
    paper = submitted_paper(author, title="Never approved")
    ceremony = open_for(reviewer, paper)
    tamper(
        "INSERT INTO signatures_signature (number, ceremony_id, record_id, version_id, action, meaning, seat,"
        " is_decline, signer_id, username, printed_name, role, reason, signed_at, time_zone, content_hash, statement,"
        " cms, certificate_id) SELECT 'S-2026-0003', %s, %s, %s, action, meaning, seat, is_decline, signer_id,"
        " username, printed_name, role, reason, signed_at, time_zone, content_hash, statement, cms, certificate_id"
        " FROM signatures_signature WHERE id = %s",
        ceremony.pk,
        paper.pk,
        ceremony.version_id,
        signed[1].pk,
    )
    copy = Signature.objects.latest("id")
    assert {"record.number", "ceremony", "number"} <= faults(copy)
    assert not verdict(copy).bound


def test_a_decline_turned_into_an_approval_is_invalid(tamper, author, reviewer):
    signature = decline(open_for(reviewer, submitted_paper(author)), reviewer, reason="The yield is missing.")
    assert verdict(signature).bottom_line
    tamper("UPDATE signatures_signature SET is_decline = false WHERE id = %s", signature.pk)
    assert not verdict(signature).bottom_line


def test_another_persons_row_is_not_theirs(signed, author, tamper):
    tamper("UPDATE signatures_signature SET signer_id = %s WHERE id = %s", author.user.pk, signed[2].pk)
    assert {"signer.username", "certificate.owner", "ceremony.signer"} <= faults(signed[2])


def test_an_exchanged_certificate_is_found(signed, tamper):
    tamper("UPDATE signatures_signature SET certificate_id = %s WHERE id = %s", signed[1].certificate_id, signed[2].pk)
    assert "certificate" in faults(signed[2])
    assert not verdict(signed[2]).bound


def test_a_certificate_that_was_revoked_before_the_signing_does_not_count(signed, tamper):
    tamper("UPDATE signatures_certificate SET revoked_at = issued_at WHERE id = %s", signed[2].certificate_id)
    status = verdict(signed[2])
    assert not status.certificate_valid
    assert "certificate.revoked_at" in faults(signed[2])


def test_a_certificate_revoked_after_the_signing_leaves_it_valid(signed, tamper):
    tamper(
        "UPDATE signatures_certificate SET revoked_at = clock_timestamp() + interval '2 s' WHERE id = %s",
        signed[2].certificate_id,
    )
    assert verdict(signed[2]).bottom_line


def test_a_lost_first_signature_shows_in_the_second(signed, tamper):
    tamper("DELETE FROM signatures_signature WHERE id = %s", signed[1].pk)
    assert "statement.previous_signature" in faults(signed[2])


@pytest.mark.clause("11.50(a)")
def test_a_person_renamed_later_stands_under_the_old_name(signed, administrator):
    signature = signed[2]
    before = manifestation_of(signature).text
    person = signature.signer
    people.describe_person(
        person,
        printed_name="Maria Chen-Okafor",
        email=person.email,
        job_title=person.job_title,
        actor=administrator.actor(),
    )
    signature = Signature.objects.get(pk=signature.pk)
    assert manifestation_of(signature).text == before
    assert "Maria Chen (qa_manager)" in before
    assert verdict(signature).bottom_line


def test_verify_names_each_wrong_signature_by_its_number(signed, tamper):
    assert list(check_signatures(Tally())) == []
    tamper("UPDATE signatures_signature SET printed_name = 'X' WHERE id = %s", signed[1].pk)
    found = list(check_signatures(Tally()))
    assert [(row.key, row.field, row.found) for row in found] == [(signed[1].number, "printed_name", "X")]


@pytest.mark.assurance("C7")
def test_verify_names_a_missing_signature_number(signed, tamper):
    assert list(check_signature_numbers(Tally())) == []
    tamper("DELETE FROM signatures_signature WHERE id = %s", signed[2].pk)
    assert [(row.kind, row.key) for row in check_signature_numbers(Tally())] == [("number_missing", signed[2].number)]


@pytest.mark.assurance("F2")
@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE signatures_signature SET role = role",
        "DELETE FROM signatures_signature",
        "TRUNCATE signatures_signature CASCADE",
    ],
)
def test_the_web_process_cannot_rewrite_a_signature(statement):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement)
