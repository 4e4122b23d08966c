"""Whatever is changed in a capsule, the verifier says so and names the file; it never runs into a trap."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import stat
import struct
import subprocess
import zipfile
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from records.canonical import instant_text
from records.keys import FileKeyStore, KeyKind
from records.ledger.notes import SignatureType, make_verifier_key
from signatures import ca
from signatures.authority import authority_file, site_authority
from signatures.capsules import verify as verifier
from signatures.capsules.members import SEAL
from signatures.capsules.scopes import scope_of_record
from signatures.certificates import pem_of
from signatures.cms import sign_bytes
from signatures.models import Signature
from tests.signatures.capsule_files import (
    UNLISTED,
    flip,
    forge,
    judge,
    make_capsule,
    members_of,
    pack,
    run_verifier,
    with_manifest,
    wrong_beside_the_seal,
)
from tests.signatures.capsule_world import committed_world
from tests.sizes import IS_FULL_SIZE, choose_size

pytestmark = [pytest.mark.clause("11.10(b)"), pytest.mark.clause("11.30"), pytest.mark.clause("11.70")]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory):
    with committed_world(django_db_blocker, tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(scope="module")
def capsule(world):
    return make_capsule(scope_of_record(world.paper.number))


@pytest.fixture(scope="module")
def members(capsule):
    return members_of(capsule)


@pytest.fixture(scope="module")
def folder(world):
    return f"records/{world.paper.number}/"


@pytest.fixture(scope="module")
def numbers(world):
    return list(Signature.objects.filter(record_id=world.paper.pk).order_by("id").values_list("number", flat=True))


def test_one_flipped_bit_in_any_file_fails_and_names_the_file(members):
    for name, content in members.items():
        for place in {len(content) // 2, *([0, len(content) - 1] if IS_FULL_SIZE else [])}:
            said = judge(pack(members | {name: flip(content, place)})).wrong
            assert any(name in line for line in said), (name, place, said)


def test_every_bit_of_the_seal_counts_also_those_that_no_signature_covers(members, tmp_path):
    seal, made_at = members[SEAL], verifier.moment_of(json.loads(members["capsule.json"])["made_at"], verifier.INSTANT)
    openssl = verifier.OpenSSL(str(tmp_path), members["certificates/ca.pem"])
    signer = openssl.signer_of(seal, members["manifest.json"], made_at) or b""
    assert verifier.is_sound(seal, signer, members["certificates/ca.pem"])
    for place in range(0, len(seal), choose_size(small=7, full=1)):
        for bit in range(8):
            changed = seal[:place] + bytes([seal[place] ^ 1 << bit]) + seal[place + 1 :]
            with suppress(*verifier.MISREAD):
                if verifier.is_sound(changed, signer, members["certificates/ca.pem"]):  # then a signature covers it
                    assert openssl.signer_of(changed, members["manifest.json"], made_at) is None, (place, bit)


def test_a_flip_in_the_authority_that_the_seal_brings_is_named(members):
    place = members[SEAL].index(next(iter(verifier.certificates_of(members["certificates/ca.pem"])))) + 300
    assert any(SEAL in line for line in judge(pack(members | {SEAL: flip(members[SEAL], place)})).wrong)


def test_a_flipped_bit_fails_in_the_process_of_a_stranger_too(members, folder):
    name = f"{folder}versions/v1.json"
    spoken = run_verifier(pack(members | {name: flip(members[name], 100)}))
    assert spoken.code == 1
    assert f"{name}: its bytes are not those that the manifest lists." in spoken.text
    assert "This capsule is NOT as it was given out" in spoken.text


def test_a_flipped_bit_of_the_zip_itself_is_found_or_changes_nothing(capsule, members):
    intact = judge(capsule)
    for place in range(0, len(capsule), len(capsule) // choose_size(small=20, full=500)):
        try:
            report = judge(flip(capsule, place))
        except verifier.Unusable:
            continue
        # Names and times that the zip keeps twice are not content.
        assert report.wrong or report.proved == intact.proved


def test_a_capsule_that_nobody_touched_passes(members):
    assert judge(pack(members)).wrong == []


@pytest.mark.parametrize("ending", ["verify.py", "versions/v1.json", ".p7s", ".pdf", "trail.json", "ledger/events.txt"])
def test_a_file_left_out_is_missed(members, ending):
    name = next(name for name in members if name.endswith(ending))
    left = {key: value for key, value in members.items() if key != name}
    assert f"{name}: it is missing: the manifest lists it." in judge(pack(left)).wrong


@pytest.mark.parametrize("ending", ["record.json", "versions/v1.json", ".statement.json", "0.p7s", ".pdf", "trail.csv"])
def test_a_file_left_out_under_a_new_manifest_is_missed(members, folder, numbers, ending):
    name = (
        f"{folder}signatures/{numbers[0]}.p7s"
        if ending == "0.p7s"
        else next(name for name in members if name.startswith(folder) and name.endswith(ending))
    )
    wrong = judge(forge(pack(members), lambda found: found.pop(name))).wrong
    assert any(line.startswith("manifest.json, manifest.json.p7s") for line in wrong)
    assert any(name in line or "capsule.json" in line for line in wrong), wrong


def test_a_file_put_in_is_told(members, folder):
    added = {**members, f"{folder}files/99999-more.txt": b"x"}
    assert f"{folder}files/99999-more.txt: it was added: the manifest does not list it." in judge(pack(added)).wrong
    wrong = judge(pack(with_manifest(added))).wrong
    assert any(line.startswith(f"{folder}files/99999-more.txt: nothing in record.json") for line in wrong)


def test_a_renamed_file_is_told_by_both_names(members, folder):
    old, new = f"{folder}versions/v1.json", f"{folder}versions/v2.json"
    renamed = {new if name == old else name: content for name, content in members.items()}
    wrong = judge(pack(renamed)).wrong
    assert any(line.startswith(old) for line in wrong)
    assert any(line.startswith(new) for line in wrong)


def change_json(members, name, **changes):
    """Change fields of a canonical JSON member."""
    content = json.loads(members[name]) | changes
    members[name] = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def swap(members, one, other):
    members[one], members[other] = members[other], members[one]


def test_two_exchanged_signatures_are_found(capsule, folder, numbers):
    one, other = (f"{folder}signatures/{number}" for number in numbers)
    wrong = wrong_beside_the_seal(judge(forge(capsule, lambda found: swap(found, f"{one}.p7s", f"{other}.p7s"))))
    assert any(line.startswith(f"{one}.p7s: it is no valid signature") for line in wrong)
    assert any(line.startswith(f"{other}.") for line in wrong)

    def swap_whole(found):
        for end in (".statement.json", ".p7s", ".certificate.pem"):
            swap(found, f"{one}{end}", f"{other}{end}")

    wrong = wrong_beside_the_seal(judge(forge(capsule, swap_whole)))
    assert any(line.startswith(f"{one}.statement.json: record.json shows") for line in wrong)
    assert any("the ledger holds another signature under this number" in line for line in wrong)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("printed_name", "Somebody Else"),
        ("meaning", "approval"),
        ("signed_at", "2026-01-01T00:00:00.000000Z"),
        ("role", "QA manager"),
        ("reason", "another reason"),
        ("record_number", "TP-2026-0099"),
        ("content_hash", "0" * 64),
        ("username", "somebody"),
    ],
)
def test_a_changed_statement_is_found(capsule, folder, numbers, field, value):
    name = f"{folder}signatures/{numbers[0]}.statement.json"

    def alter(found):
        change_json(found, name, **{field: value})
        record = json.loads(found[f"{folder}record.json"])
        record["signatures"][0] |= {field: value} if field in record["signatures"][0] else {}
        found[f"{folder}record.json"] = json.dumps(record).encode()

    wrong = wrong_beside_the_seal(judge(forge(capsule, alter)))
    assert any(line.startswith(f"{folder}signatures/{numbers[0]}.") for line in wrong), wrong


def test_a_name_changed_where_it_is_only_shown_is_found(capsule, folder, numbers):
    def alter(found):
        record = json.loads(found[f"{folder}record.json"])
        record["signatures"][0]["printed_name"] = "Somebody Else"
        found[f"{folder}record.json"] = json.dumps(record).encode()

    wrong = wrong_beside_the_seal(judge(forge(capsule, alter)))
    assert any("shows printed_name “Somebody Else”" in line for line in wrong)


def test_a_version_that_was_changed_with_its_hash_is_found(capsule, folder):
    def alter(found):
        change_json(found, f"{folder}versions/v1.json", body="The vials were not clear.")
        record = json.loads(found[f"{folder}record.json"])
        record["versions"][0]["content_hash"] = verifier.sha256(found[f"{folder}versions/v1.json"])
        found[f"{folder}record.json"] = json.dumps(record).encode()

    wrong = wrong_beside_the_seal(judge(forge(capsule, alter)))
    assert any("the content hash it signs is not that of version 1" in line for line in wrong)
    assert any(line.startswith(f"{folder}versions/v1.json: the ledger holds another") for line in wrong)


def test_a_signature_left_out_everywhere_breaks_the_order(capsule, folder, numbers):
    def alter(found):
        for end in (".statement.json", ".p7s", ".certificate.pem"):
            del found[f"{folder}signatures/{numbers[0]}{end}"]
        record = json.loads(found[f"{folder}record.json"])
        del record["signatures"][0]
        found[f"{folder}record.json"] = json.dumps(record).encode()

    wrong = wrong_beside_the_seal(judge(forge(capsule, alter)))
    assert any("does not stand before it" in line for line in wrong)


@pytest.mark.clause("11.10(e)")
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("trail.csv", b"Jon Ortiz", b"Jon Other"),
        ("trail.json", b"Jon Ortiz", b"Jon Other"),
        ("trail.json", b'"old": {', b'"old": {"x": 1, '),
        ("trail.json", b'"kind": "~"', b'"kind": "+"'),
    ],
)
def test_a_changed_trail_is_found(capsule, folder, name, old, new):
    def alter(found):
        assert old in found[folder + name]
        found[folder + name] = found[folder + name].replace(old, new, 1)

    wrong = wrong_beside_the_seal(judge(forge(capsule, alter)))
    assert any(line.startswith(folder + "trail") for line in wrong), wrong


@pytest.mark.clause("11.10(e)")
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("ledger/events.txt", b"Jon Ortiz", b"Jon Other"),
        ("ledger/events.txt", b"Jon Ortiz", b"Jon Ortiz\n"),
        ("ledger/events.txt", b"records_event\t", b""),
        ("ledger/events.txt", b"records_event", b"records_event\tx\nrecords_event"),
        ("ledger/leaves.jsonl", b'"index": ', b'"index": 1'),
        ("ledger/leaves.jsonl", b'"proof": ["', b'"proof": ["00", "'),
        ("ledger/leaves.jsonl", b'"proof": ["', b'"proof": ["' + b"0" * 64 + b'", "'),
        ("ledger/leaves.jsonl", b'"lines": ', b'"lines": 99999'),
        ("ledger/leaves.jsonl", b"{", b'{"event": 1, "format": "x", "lines": 0}\n{'),
        ("ledger/checkpoint.txt", b"countersign\n", b"countersign\n1"),
        ("ledger/log.vkey", b"127.0.0.1", b"127.0.0.2"),
    ],
)
def test_a_changed_ledger_is_found(capsule, name, old, new):
    def change(found):
        assert old in found[name]
        found[name] = found[name].replace(old, new, 1)

    wrong = wrong_beside_the_seal(judge(forge(capsule, change)))
    assert any(line.startswith("ledger/") for line in wrong), wrong


def test_a_cosignature_of_another_proves_nothing(world, capsule):
    key = make_verifier_key(world.witness.name, SignatureType.COSIGNATURE, Ed25519PrivateKey.generate().public_key())
    report = judge(capsule, witness_key=str(key))
    assert not [line for line in report.proved if "witness" in line]
    assert [line for line in report.unproved if "no witness signed it" in line]


@pytest.mark.parametrize("attack", ["flipped", "of another authority", "nonsense"])
def test_a_time_stamp_that_is_not_the_checkpoints_fails(capsule, members, attack):
    changes = {
        "flipped": {"timestamps/1.tst": flip(members["timestamps/1.tst"], -1)},
        "of another authority": {"timestamps/ca.pem": members["certificates/ca.pem"]},
        "nonsense": {"timestamps/1.tst": b"x"},
    }
    wrong = wrong_beside_the_seal(judge(forge(capsule, lambda found: found.update(changes[attack]))))
    assert any(line.startswith("timestamps/1.tst") for line in wrong), wrong


def test_a_ledger_key_from_elsewhere_that_is_another_fails(capsule):
    key = make_verifier_key("127.0.0.1/countersign", SignatureType.ED25519, Ed25519PrivateKey.generate().public_key())
    wrong = judge(capsule, log_key=str(key)).wrong
    assert "ledger/checkpoint.txt: it is not signed by the ledger's key." in wrong


@pytest.fixture(scope="module")
def stranger(world, tmp_path_factory):
    """Another authority of the same names."""
    store = FileKeyStore(tmp_path_factory.mktemp("stranger") / "keys")
    at = site_authority().certificate.not_valid_before_utc
    return ca.create_authority(
        store, key_name="other", organisation="Unnamed organisation", site="Countersign", at=at, kind=KeyKind.P384
    )


def test_another_authority_fails(capsule, folder, numbers, stranger):
    other = pem_of([stranger.certificate])
    exchanged = judge(forge(capsule, lambda found: found.update({"certificates/ca.pem": other})))
    for report in (judge(capsule, ca=other), exchanged):
        for number in numbers:
            assert any(line.startswith(f"{folder}signatures/{number}.p7s") for line in report.wrong)
        assert any("seal is not valid" in line for line in report.wrong)


def test_a_certificate_revoked_before_the_signing_fails_and_one_after_it_counts(world, capsule, folder, numbers):
    signature = Signature.objects.get(number=numbers[0])
    serial, at = int(signature.certificate.serial, 16), signature.signed_at

    def list_as_revoked(found, since):
        crl = ca.build_revocation_list(site_authority(), [ca.Revocation(serial, since)], number=1, at=max(at, since))
        found["certificates/revocations/1.crl"] = crl.public_bytes(Encoding.DER)

    before = at.replace(microsecond=0) - dt.timedelta(minutes=1)
    report = judge(forge(capsule, lambda found: list_as_revoked(found, before)))
    assert any(
        line.startswith(f"{folder}signatures/{numbers[0]}.p7s: its certificate was revoked") for line in report.wrong
    )
    after = at + dt.timedelta(days=1)
    report = judge(forge(capsule, lambda found: list_as_revoked(found, after)))
    assert wrong_beside_the_seal(report) == []
    assert any("after the signing, which therefore counts" in line for line in report.unproved)


def test_a_person_cannot_seal_a_capsule_in_the_organisations_place(world, members):
    at = site_authority().certificate.not_valid_before_utc + dt.timedelta(hours=1)
    issued = ca.issue_personal_certificate(
        site_authority(), printed_name="document seal", username="author", person_number="7", organisation="X", at=at
    )
    changed = with_manifest(members | {"VERIFY.txt": b"all is well"})
    change_json(changed, "capsule.json", made_at=instant_text(at))
    changed = with_manifest(changed)
    seal = sign_bytes(
        changed["manifest.json"],
        sign=lambda message: issued.key.sign(message, ec.ECDSA(hashes.SHA256())),
        certificate=issued.certificate,
        at=at,
    )
    wrong = judge(pack(changed | {"manifest.json.p7s": seal})).wrong
    assert wrong == ["manifest.json, manifest.json.p7s: the seal is not valid over this manifest, or not trusted."]


def test_what_this_machine_trusts_otherwise_is_not_trusted_here(world, capsule, stranger, tmp_path, monkeypatch):
    bundle = tmp_path / "system.pem"
    bundle.write_bytes(authority_file())
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True, capture_output=True)
    assert judge(capsule).wrong == []
    wrong = judge(capsule, ca=pem_of([stranger.certificate])).wrong
    assert len([line for line in wrong if "no valid signature" in line]) == 2


@pytest.mark.clause("11.10(e)")
def test_an_event_left_out_of_both_trails_is_missed(capsule, folder):
    def alter(found):
        rows = json.loads(found[f"{folder}trail.json"])
        gone = next(row["id"] for row in rows if row["act"] == "records.record.edited")
        kept = [json.dumps(row, sort_keys=True) for row in rows if row["id"] != gone]
        found[f"{folder}trail.json"] = ("[\n" + ",\n".join(kept) + "\n]\n").encode()
        table = list(csv.reader(io.StringIO(found[f"{folder}trail.csv"].decode())))
        out = io.StringIO()
        csv.writer(out).writerows(row for row in table if row[0] != str(gone))
        found[f"{folder}trail.csv"] = out.getvalue().encode()

    wrong = wrong_beside_the_seal(judge(forge(capsule, alter)))
    assert len(wrong) == 1
    assert "no trail tells this event" in wrong[0]


def test_a_revocation_list_of_another_authority_is_not_believed(capsule, stranger):
    crl = ca.build_revocation_list(stranger, [], number=1, at=stranger.certificate.not_valid_before_utc)
    der = crl.public_bytes(Encoding.DER)
    wrong = judge(forge(capsule, lambda found: found.update({"certificates/revocations/1.crl": der}))).wrong
    assert any(line.startswith("certificates/revocations/1.crl: it is not signed by") for line in wrong)


def test_without_a_list_revocation_is_told_as_not_proved(capsule, numbers):
    report = judge(forge(capsule, lambda found: found.pop("certificates/revocations/1.crl")))
    for number in numbers:
        assert any(f"certificate of {number} was not revoked" in line for line in report.unproved)


def test_a_pdf_that_was_appended_to_fails(capsule, folder):
    name = f"{folder}renditions/v1-approve.pdf"

    def alter(found):
        found[name] += b"\n% more\n"
        record = json.loads(found[f"{folder}record.json"])
        record["renditions"][0]["sha256"] = verifier.sha256(found[name])
        found[f"{folder}record.json"] = json.dumps(record).encode()

    assert any(line.startswith(name) for line in wrong_beside_the_seal(judge(forge(capsule, alter))))


# Traps ----------------------------------------------------------------------------------------


def odd_zip(members, name, content=b"x", **facts):
    """Return the members with one more entry of odd facts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for own, data in members.items():
            archive.writestr(zipfile.ZipInfo(own), data)
        info = zipfile.ZipInfo("placeholder")
        info.filename = name
        for fact, value in facts.items():
            setattr(info, fact, value)
        archive.writestr(info, content)
    return target.getvalue()


@pytest.mark.assurance("D2")
@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "a/../../b", "a\\b", "C:evil", "a//b", "./a", "a/.", "folder/"]
)
def test_a_dangerous_name_is_refused(members, name):
    with pytest.raises(verifier.Unusable, match="dangerous name"):
        judge(odd_zip(members, name))


@pytest.mark.assurance("D2")
def test_a_second_member_of_one_name_is_refused(members):
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = odd_zip(members, "manifest.json")
    with pytest.raises(verifier.Unusable, match="two members"):
        judge(twice)


@pytest.mark.assurance("D2")
def test_a_link_is_refused(members):
    with pytest.raises(verifier.Unusable, match="not an ordinary file"):
        judge(odd_zip(members, "link", b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16, create_system=3))


@pytest.mark.assurance("D2")
def test_a_bomb_is_refused_before_it_unpacks(members):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
        archive.writestr("bomb", b"\0" * 150_000_000, compress_type=zipfile.ZIP_DEFLATED)
    with pytest.raises(verifier.Unusable, match="may be a trap"):
        judge(target.getvalue())


@pytest.mark.assurance("D2")
def test_members_that_share_their_bytes_are_refused(members):
    data = bytearray(pack(members))
    # Let the second entry of the directory point at the first one's bytes, as overlapping bombs do.
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 4)
    data[second + 42 : second + 46] = struct.pack("<L", 0)
    with pytest.raises(verifier.Unusable, match="overlap"):
        judge(bytes(data))


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + b"\0" * 100])
def test_what_is_no_zip_is_told_with_exit_code_2(content):
    spoken = run_verifier(content)
    assert spoken.code == 2
    assert "could not be checked" in spoken.text


def test_what_is_no_capsule_is_told_with_exit_code_2(members):
    spoken = run_verifier(pack({"hello.txt": b"hello"}))
    assert (spoken.code, "it is not a capsule" in spoken.text) == (2, True)
    later = forge(pack(members), lambda found: change_json(found, "capsule.json", schema="countersign/capsule/9"))
    assert run_verifier(later).code == 2


def test_text_from_a_capsule_cannot_steer_the_terminal(members):
    title = "\x1b[2J\x07evil\n\nPROVED\n  - 9 everything"
    spoken = run_verifier(forge(pack(members), lambda found: change_json(found, "capsule.json", title=title)))
    assert "\x1b" not in spoken.text
    assert "evil" in spoken.text
    assert spoken.text.count("\nPROVED\n") == 1
    assert "\n  - 9 everything" not in spoken.text


@pytest.mark.parametrize("name", ["record.json", "trail.json", "versions/v1.json"])
@pytest.mark.parametrize(
    "content", [b"", b"[", b"null", b"{}", b"[" * 100_000, b"1" * 100_000, b"\xff\xfe", b'{"a":' * 5000]
)
def test_nonsense_instead_of_json_is_a_finding_not_a_crash(capsule, folder, name, content):
    wrong = wrong_beside_the_seal(judge(forge(capsule, lambda found: found.update({folder + name: content}))))
    assert any(folder in line for line in wrong)


def test_the_negative_control_a_verifier_that_hashes_nothing_misses_a_flip(members, folder, monkeypatch):
    listed = json.loads(members["manifest.json"])["members"]
    monkeypatch.setattr(verifier.Capsule, "digest", lambda own, name: (listed[name]["sha256"], listed[name]["size"]))
    assert judge(pack(members | {"VERIFY.txt": flip(members["VERIFY.txt"], 0)})).wrong == []
    assert set(UNLISTED) <= set(members)
