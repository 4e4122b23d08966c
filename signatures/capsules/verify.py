#!/usr/bin/env python3
"""Check an evidence capsule on any computer: this one file, Python 3.9 or newer, and openssl.

    python3 -I verify.py CAPSULE.zip
    python3 -I verify.py CAPSULE.zip --ca OUR-COPY.pem --log-key "name+hash+key" --witness-key "name+hash+key"

It asks nobody over the network, unpacks nothing and changes nothing. It says what it proved, what
it could not prove and why, and names the file that is wrong. Exit code 0: all that was checked holds;
1: something does not hold; 2: the check could not be made.

A capsule brings its own certificates and keys; whoever forged the whole capsule could have exchanged
them too. With --ca, --log-key and --witness-key the check uses your own copies instead.

It is one file that needs nothing of the software which made the capsule, so that you can carry it alone, read
it from top to end, compare its SHA-256 with a copy from elsewhere, and run it when that software is long gone.
"""

from __future__ import annotations

import argparse
import base64
import csv
import datetime as dt
import hashlib
import itertools
import json
import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

SCHEMA = "countersign/capsule/1"
MOST_MEMBERS = 1000000
MOST_IN_MEMORY = 256 * 2**20  # bytes of one member that is read whole
MOST_IN_LINE = 64 * 2**20
MOST_RATIO = 300  # unpacked bytes per packed byte, over the whole capsule
CHUNK = 2**20

Facts = dict[str, Any]  # a JSON object
Key = tuple[str, bytes, int, bytes]  # name, key hash, algorithm, key
Signed = tuple[str, bytes, bytes]  # name, key hash, signature
Point = tuple[int, int, int, int]
Revoked = tuple[str, dt.datetime, dict[str, dt.datetime]]  # issuer, instant of the list, serial: since


MISREAD = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, csv.Error)
"""What reading a member that is not what it should be can meet."""


class Unusable(Exception):
    """The file is not a capsule that can be checked."""


class Wrong(Exception):
    """Something does not hold. First argument: the member at fault; second: a sentence."""


# What is said at the end ---------------------------------------------------------------------


class Report:
    """What was proved, what could not be proved, and what is wrong."""

    def __init__(self) -> None:
        self.proved: list[str] = []
        self.unproved: list[str] = []
        self.wrong: list[str] = []

    def prove(self, count: int, sentence: str) -> None:
        """Note that something holds for a number of things; nothing is said of what does not occur."""
        if count:
            self.proved.append(f"{count:,} {sentence}")

    def doubt(self, sentence: str) -> None:
        """Note what could not be proved."""
        self.unproved.append(sentence)

    def fail(self, member: str, sentence: str) -> None:
        """Note what is wrong, and where."""
        self.wrong.append(f"{member}: {sentence}.")

    def attempt(self, member: str, check: Callable[..., Any], *arguments: Any) -> Any:
        """Run one check; whatever it meets becomes a sentence that names a member."""
        try:
            return check(*arguments)
        except Wrong as wrong:
            self.fail(*wrong.args)
        except MISREAD as error:
            self.fail(member, f"it cannot be read as what it should be ({type(error).__name__})")
        return None

    def tell(self) -> int:
        """Print the report and return the exit code."""
        for title, found in (("PROVED", self.proved), ("NOT PROVED", self.unproved), ("WRONG", self.wrong)):
            for line in ["", title, *(f"  - {one}" for one in found)] if found else []:
                say(line)
        say("")
        if self.wrong:
            say("This capsule is NOT as it was given out. Keep it as it is and ask the quality unit.")
            return 1
        say("Everything that could be checked holds. What could not is listed under NOT PROVED.")
        return 0


def say(text: str) -> None:
    """Print one line; text from a capsule can neither steer the terminal nor look like another line."""
    sys.stdout.write("".join(sign if sign.isprintable() else "?" for sign in text) + "\n")


# The zip -------------------------------------------------------------------------------------


class Capsule:
    """The zip, read with care: nothing is unpacked, no size or name in it is believed."""

    def __init__(self, path: str) -> None:
        try:
            self.zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError) as error:
            raise Unusable(f"{path} cannot be opened as a zip: {error}")
        entries, end = self.zip.infolist(), 0
        if len(entries) > MOST_MEMBERS:
            raise Unusable("the zip has too many members: it may be a trap")
        self.infos: dict[str, zipfile.ZipInfo] = {}
        for info in sorted(entries, key=lambda one: one.header_offset):
            self.refuse_odd(info, end)
            self.infos[info.filename], end = info, info.header_offset + 30 + info.compress_size
        if sum(info.file_size for info in entries) > MOST_RATIO * os.path.getsize(path) + CHUNK:
            raise Unusable("the zip would unpack to far more than a capsule does: it may be a trap")

    def refuse_odd(self, info: zipfile.ZipInfo, end: int) -> None:
        """Refuse a member that no capsule has."""
        name, mode = info.filename, info.external_attr >> 16
        if name in self.infos:
            raise Unusable(f"the zip has two members named {name!r}")
        if any(sign in name for sign in "\\\0:") or any(part in ("", ".", "..") for part in name.split("/")):
            raise Unusable(f"the zip has a member with a dangerous name: {name!r}")
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unusable(f"{name} is encrypted or packed in a way that capsules are not")
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise Unusable(f"{name} is not an ordinary file")
        if info.header_offset < end:
            raise Unusable(f"members of the zip overlap at {name}: it may be a trap")

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a member's bytes in pieces; the zip's own checksum must hold."""
        if name not in self.infos:
            raise Wrong(name, "it is missing from the capsule")
        try:
            with self.zip.open(self.infos[name]) as stream:
                yield from iter(lambda: stream.read(CHUNK), b"")
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
            raise Wrong(name, "it is damaged: its bytes in the zip were altered")

    def read(self, name: str) -> bytes:
        """Return a member's bytes."""
        if name in self.infos and self.infos[name].file_size > MOST_IN_MEMORY:
            raise Wrong(name, "it is larger than such a file can be")
        return b"".join(self.pieces(name))

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield a member's lines without their ends, in little memory."""
        rest = b""
        for piece in self.pieces(name):
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
            if len(rest) > MOST_IN_LINE:
                raise Wrong(name, "it has a line that is longer than such a file has")
        if rest:
            yield rest

    def digest(self, name: str) -> tuple[str, int]:
        """Return SHA-256 and size of a member as it really is."""
        state, size = hashlib.sha256(), 0
        for piece in self.pieces(name):
            state.update(piece)
            size += len(piece)
        return state.hexdigest(), size

    def json(self, name: str) -> Any:
        """Return a member as JSON."""
        return load(self.read(name))

    def below(self, folder: str, ending: str = "") -> list[str]:
        """Return the names of the members of a folder, sorted."""
        return sorted(name for name in self.infos if name.startswith(folder) and name.endswith(ending))


def load(data: bytes) -> Any:
    """Return JSON; a number of absurd length would keep the machine busy."""
    return json.loads(data.decode("utf-8"), parse_int=lambda text: int(text[:400]))


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes as hex."""
    return hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of JSON; floating-point numbers do not occur in records."""
    if isinstance(value, dict):
        pairs = sorted(value.items(), key=lambda pair: pair[0].encode("utf-16-be"))
        return b"{" + b",".join(canonical(key) + b":" + canonical(item) for key, item in pairs) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(canonical(item) for item in value) + b"]"
    if isinstance(value, float):
        raise ValueError("a floating-point number")
    return json.dumps(value, ensure_ascii=False).encode("utf-8")


def check_manifest(capsule: Capsule, report: Report) -> None:
    """Compare every member with the manifest, and the manifest with the members."""
    listed, good = capsule.json("manifest.json")["members"], 0
    for name in sorted(set(listed) | set(capsule.infos) - {"manifest.json", "manifest.json.p7s"}):
        if name not in listed:
            report.fail(name, "it was added: the manifest does not list it")
        elif name not in capsule.infos:
            report.fail(name, "it is missing: the manifest lists it")
        elif (found := report.attempt(name, capsule.digest, name)) == (listed[name]["sha256"], listed[name]["size"]):
            good += 1
        elif found is not None:
            report.fail(name, "its bytes are not those that the manifest lists")
    report.prove(good, "files are byte for byte those that the manifest lists.")


# Signatures and certificates, by openssl -------------------------------------------------------


class OpenSSL:
    """The openssl command, with its files in a folder of its own."""

    def __init__(self, folder: str, ca: bytes) -> None:
        self.folder = folder
        self.ca = self.keep("ca.pem", ca)
        self.version = self.run("version").stdout.decode("utf-8", "replace").strip()

    def keep(self, name: str, content: bytes) -> str:
        """Write a file into the folder and return its path."""
        path = os.path.join(self.folder, name)
        pathlib.Path(path).write_bytes(content)
        return path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run one command of openssl."""
        call = ("openssl", *arguments)
        # The authorities that this machine trusts for other things are not to be trusted here.
        env = {**os.environ, "SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.path.join(self.folder, "nobody")}
        try:
            return subprocess.run(
                call, env=env, capture_output=True, stdin=subprocess.DEVNULL, timeout=120, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unusable(f"openssl is needed and cannot be run: {error}")

    def signer_of(self, cms: bytes, content: bytes, at: dt.datetime) -> bytes | None:
        """Verify a detached CMS as of an instant; return the signer's certificate (PEM), or None."""
        out = os.path.join(self.folder, "signer.pem")
        done = self.run(
            *("cms", "-verify", "-binary", "-inform", "DER", "-in", self.keep("signature", cms)),
            *("-content", self.keep("content", content), "-CAfile", self.ca, "-purpose", "any"),
            *("-attime", str(int(at.timestamp())), "-signer", out, "-out", os.devnull),
        )
        if done.returncode:
            return None
        found = pathlib.Path(out).read_bytes()
        return found if found.count(b"-----BEGIN CERTIFICATE") == 1 else None

    def sealer_of(self, signer: bytes | None) -> str | None:
        """Return whose seal a signer's certificate makes, or None for any other certificate, a person's too."""
        subject = self.describe(signer)["subject"] if signer else ""
        return subject if "document seal" in subject and "UID=" not in subject else None

    def describe(self, certificate: bytes) -> dict[str, str]:
        """Return subject, issuer and serial of a certificate as openssl writes them."""
        path = self.keep("one.pem", certificate)
        done = self.run(*("x509", "-in", path, "-noout", "-subject", "-issuer", "-serial"), *NAMES)
        rows = (row.partition("=") for row in done.stdout.decode("utf-8", "replace").splitlines())
        return {key: value.strip() for key, _, value in rows}

    def revoked_in(self, crl: bytes) -> Revoked | None:
        """Return what a revocation list of the trusted authorities says, or None for another's."""
        path = self.keep("list.crl", crl)
        done = self.run(*("crl", "-inform", "DER", "-in", path, "-CAfile", self.ca, "-noout", "-text"))
        if done.returncode or b"verify OK" not in done.stderr + done.stdout:
            return None
        text = done.stdout.decode("utf-8", "replace")
        named = self.run(*("crl", "-inform", "DER", "-in", path, "-noout", "-issuer"), *NAMES)
        entries = {}
        for part in text.split("Serial Number:")[1:]:
            since = moment_of(first(r"Revocation Date: (.+)", part))
            if "Key Compromise" in part and "Invalidity Date" in part:
                since = min(since, moment_of(first(r"Invalidity Date:\s*\n\s*(.+)", part)))
            entries[plain_serial(part.split()[0])] = since
        issuer = named.stdout.decode("utf-8", "replace").partition("=")[2].strip()
        return issuer, moment_of(first(r"Last Update: (.+)", text)), entries


NAMES = ("-nameopt", "RFC2253,utf8,-esc_msb")
INSTANT = "%Y-%m-%dT%H:%M:%S.%fZ"


def first(pattern: str, text: str) -> str:
    """Return the first group of a pattern that must be there."""
    found = re.search(pattern, text)
    if found is None:
        raise ValueError(f"no {pattern}")
    return found.group(1)


def plain_serial(text: str) -> str:
    """Return a serial number in the one spelling compared here."""
    return text.replace(":", "").upper().lstrip("0")


def moment_of(text: str, form: str = "%b %d %H:%M:%S %Y GMT") -> dt.datetime:
    """Return the instant that openssl prints as ``Nov 25 02:30:14 2026 GMT``, or one in another form."""
    return dt.datetime.strptime(text.strip(), form).replace(tzinfo=dt.timezone.utc)


def certificates_of(pem: bytes) -> set[bytes]:
    """Return the bytes (DER) of each certificate of a PEM file."""
    return {base64.b64decode(one) for one in re.findall(b"-----BEGIN CERTIFICATE-----([^-]+)-----END", pem)}


# DER (ITU-T X.690): tags and values that every seal has; RFC 5758, 3.2 and RFC 5754, 3.2 are the algorithms.
INTEGER, OCTETS, OID, SEQUENCE, SET, GIVEN = 2, 4, 6, 48, 49, 160
SIGNED_DATA, DATA = (bytes.fromhex(f"06092a864886f70d0107{end}") for end in ("02", "01"))
SHA_256 = bytes.fromhex("300d06096086480165030402010500")
ALGORITHMS = (bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06092a864886f70d01010b0500"))


def der(tag: int, *parts: bytes) -> bytes:
    """Return one value in DER."""
    body = b"".join(parts)
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (size if len(body) < 128 else bytes([128 + len(size)]) + size) + body


def inside(data: bytes) -> list[bytes]:
    """Return the contents of values that follow one another, without their tags and lengths."""
    found: list[bytes] = []
    while data:
        start = 2 + (data[1] & 127 if data[1] > 127 else 0)
        end = start + (int.from_bytes(data[2:start], "big") if start > 2 else data[1])
        found, data = [*found, data[start:end]], data[end:]
    return found


def is_sound(cms: bytes, signer: bytes, authorities: bytes) -> bool:
    """Tell whether the bytes of a seal that no signature covers are those that every seal has (RFC 5652, 5.1)."""
    _, _, _, brought, infos = inside(inside(inside(inside(cms)[0])[1])[0])
    _, _, _, attributes, algorithm, signature = inside(inside(infos)[0])
    _, serial, _, issuer, *_ = inside(inside(inside(*certificates_of(signer))[0])[0])
    one, chain = der(INTEGER, b"\1"), [der(SEQUENCE, each) for each in inside(brought)]
    named = [der(SEQUENCE, der(OID, name), der(SET, value)) for name, value in map(inside, inside(attributes))]
    who, how = der(SEQUENCE, der(SEQUENCE, issuer), der(INTEGER, serial)), der(SEQUENCE, algorithm)
    info = der(SEQUENCE, one, who, SHA_256, der(GIVEN, *named), how, der(OCTETS, signature))
    signed = der(SEQUENCE, one, der(SET, SHA_256), der(SEQUENCE, DATA), der(GIVEN, *chain), der(SET, info))
    is_same = cms == der(SEQUENCE, SIGNED_DATA, der(GIVEN, signed))
    return is_same and algorithm in ALGORITHMS and certificates_of(signer + authorities).issuperset(chain)


# Records: versions, signatures, renditions, files, trails ------------------------------------------

SHOWN = ("version", "printed_name", "username", "role", "meaning", "reason", "signed_at", "action", "seat")
"""What record.json shows of a signature and its statement says, signed."""

PROVED = {
    "versions": "versions have the content hash that is recorded (SHA-256 of RFC 8785 bytes).",
    "signatures": "signatures: the statement names this record, version and content hash, and was signed with the key "
    "of a certificate that leads to the authorities used here and was in its dates then.",
    "lists": "revocation lists are signed by these authorities; no signature is later than a revocation.",
    "renditions": "PDFs carry the organisation's seal over the whole file, and the version, statements and signatures "
    "inside them are byte for byte those beside them.",
    "files": "attached files have the SHA-256 that their record gives.",
    "events": "events of the trails for reading (CSV) are those of the complete ones (JSON).",
}


class Records:
    """Everything about the records of a capsule that needs no ledger."""

    def __init__(self, capsule: Capsule, report: Report, openssl: OpenSSL) -> None:
        self.capsule, self.report, self.openssl = capsule, report, openssl
        self.lists: list[Revoked] = []
        self.records: dict[str, Facts] = {}
        self.counts = dict.fromkeys(PROVED, 0)

    def check(self) -> None:
        """Check every record of the capsule, and say what was proved."""
        for name in self.capsule.below("certificates/revocations/", ".crl"):
            self.report.attempt(name, self.check_list, name)
        for name in self.capsule.below("records/", "/record.json"):
            self.report.attempt(name, self.check_record, name)
        trails = {one.rpartition("/")[0] for one in self.capsule.infos if re.search(r"/trail\.(csv|json)$", one)}
        for name in sorted(f"{folder}/trail.csv" for folder in trails):
            self.report.attempt(name, self.check_trail, name)
        listed = self.report.attempt("capsule.json", lambda: sorted(self.capsule.json("capsule.json")["records"]))
        if listed != sorted(self.records):
            self.report.fail("capsule.json", f"it lists the records {listed}, but {sorted(self.records)} are here")
        for kind, sentence in PROVED.items():
            self.report.prove(self.counts[kind], sentence)

    def check_list(self, name: str) -> None:
        """Read a revocation list."""
        found = self.openssl.revoked_in(self.capsule.read(name))
        if found is None:
            raise Wrong(name, "it is not signed by an authority used here")
        self.lists.append(found)
        self.counts["lists"] += 1

    def check_record(self, name: str) -> None:
        """Check one record and what lies in its folder."""
        folder, record = name[: -len("record.json")], self.capsule.json(name)
        if folder != f"records/{record['number']}/":
            raise Wrong(name, f"it describes {record['number']}")
        self.records[record["number"]] = record
        known = {name, f"{folder}trail.csv", f"{folder}trail.json"}
        versions, last = {}, dict[int, str]()
        for row in record["versions"]:
            member = f"{folder}versions/v{row['number']}.json"
            versions[row["number"]] = self.report.attempt(member, self.check_version, record, row, member)
            known.add(member)
        for row in record["signatures"]:
            base = f"{folder}signatures/{row['number']}"
            member = f"{base}.statement.json"
            self.report.attempt(member, self.check_signature, record, versions, last, row, base)
            known |= {member, f"{base}.p7s", f"{base}.certificate.pem"}
        for row in record["renditions"]:
            member = f"{folder}renditions/v{row['version']}-{row['action']}.pdf"
            self.report.attempt(member, self.check_rendition, record, row, folder, member)
            known.add(member)
        for row in record["files"]:
            self.report.attempt(folder + row["member"], self.check_file, row, folder + row["member"])
            known.add(folder + row["member"])
        for stray in sorted(set(self.capsule.below(folder)) - known):
            self.report.fail(stray, "nothing in record.json says what it is")

    def check_version(self, record: Facts, row: Facts, member: str) -> str:
        """Hash the version's bytes and read them in their one form; return the content hash."""
        content = self.capsule.read(member)
        if sha256(content) != row["content_hash"]:
            raise Wrong(member, "its SHA-256 is not the content hash of the version")
        value = load(content)
        if canonical(value) != content:
            raise Wrong(member, "it is not in canonical form (RFC 8785)")
        if value.get("number", record["number"]) != record["number"]:
            raise Wrong(member, f"it is the content of {value['number']}")
        self.counts["versions"] += 1
        return str(row["content_hash"])

    def check_signature(self, record: Facts, versions: Facts, last: dict[int, str], row: Facts, base: str) -> None:
        """Check one signature: statement, version, order, CMS, certificate, person, revocation."""
        member = f"{base}.statement.json"
        raw, cms = self.capsule.read(member), self.capsule.read(f"{base}.p7s")
        statement = load(raw)
        if (statement["record_number"], statement["record_type"]) != (record["number"], record["kind"]):
            raise Wrong(member, f"it was signed for {statement['record_number']}")
        if versions.get(statement["version"]) != statement["content_hash"]:
            raise Wrong(member, f"the content hash it signs is not that of version {statement['version']}")
        for key in SHOWN:
            if row[key] != statement[key]:
                raise Wrong(member, f"record.json shows {key} “{row[key]}”, but “{statement[key]}” is in the statement")
        before, last[statement["version"]] = last.get(statement["version"], ""), sha256(cms)
        if statement["previous_signature"] != before:
            raise Wrong(member, "the signature it names as the one before it does not stand before it")
        signer = self.openssl.signer_of(cms, raw, moment_of(statement["signed_at"], INSTANT))
        if signer is None:
            raise Wrong(f"{base}.p7s", "it is no valid signature over the statement by a trusted certificate")
        if certificates_of(signer) != certificates_of(self.capsule.read(f"{base}.certificate.pem")):
            raise Wrong(f"{base}.certificate.pem", "it is not the certificate that made the signature")
        self.check_signer(statement, self.openssl.describe(signer), row["number"], f"{base}.p7s")
        self.counts["signatures"] += 1

    def check_signer(self, statement: Facts, facts: dict[str, str], number: str, member: str) -> None:
        """Check whose certificate it is, and whether it was revoked by then."""
        doubt, at = self.report.doubt, moment_of(statement["signed_at"], INSTANT)
        name = re.search(r"(?:^|[,+])UID=([^,+]*)", facts["subject"])
        if name and name.group(1) != statement["username"]:
            raise Wrong(member, f"the certificate is {name.group(1)}'s, but {statement['username']} signed")
        if not name:
            text = f"That the certificate of {number} is this person's: it carries no user name. "
            doubt(f"{text}Compare it with the site's enrolment record.")
        own = [(made_at, entries) for issuer, made_at, entries in self.lists if issuer == facts["issuer"]]
        for _, entries in own:
            since = entries.get(plain_serial(facts["serial"]))
            if since is not None and since <= at:
                raise Wrong(member, f"its certificate was revoked at {since.isoformat()}, before the signing")
            if since is not None:
                when = since.isoformat()
                doubt(f"The certificate of {number} was revoked at {when}, after the signing, which therefore counts.")
        if not any(made_at >= at.replace(microsecond=0) for made_at, _ in own):
            doubt(f"That the certificate of {number} was not revoked by the signing: no later list says so.")

    def check_rendition(self, record: Facts, row: Facts, folder: str, member: str) -> None:
        """Check the seal of a PDF, and what is embedded in it."""
        pdf = self.capsule.read(member)
        if sha256(pdf) != row["sha256"]:
            raise Wrong(member, "its SHA-256 is not the one that the record gives")
        wanted, inside = [f"{folder}versions/v{row['version']}.json"], {sha256(one) for one in embedded_in(pdf)}
        for one in record["signatures"]:
            if (one["version"], one["action"]) == (row["version"], row["action"]):
                wanted += [f"{folder}signatures/{one['number']}{end}" for end in (".statement.json", ".p7s")]
        for name in wanted:
            if sha256(self.capsule.read(name)) not in inside:
                raise Wrong(member, f"it does not hold {name} as the capsule does")
        if self.openssl.sealer_of(self.openssl.signer_of(*sealed_part(pdf))) is None:
            raise Wrong(member, "its seal is not valid, or not by the seal certificate of a trusted authority")
        self.counts["renditions"] += 1

    def check_file(self, row: Facts, member: str) -> None:
        """Compare a file with the SHA-256 that the record gives."""
        if self.capsule.digest(member)[0] != row["sha256"]:
            raise Wrong(member, "its SHA-256 is not the one that the record gives")
        self.counts["files"] += 1

    def check_trail(self, member: str) -> None:
        """Compare the trail for reading with the complete one."""
        whole = trail_rows(self.capsule, f"{member[: -len('csv')]}json")
        csv.field_size_limit(MOST_IN_LINE)
        event: Facts = {}
        for row in csv.DictReader(csv_text(self.capsule.lines(member))):
            if row["event"] != str(event.get("id")):
                event = next(whole, {})
                self.counts["events"] += 1
            # A leading apostrophe keeps spreadsheets from running a cell.
            told = [
                row[key].removeprefix("'") for key in ("event", "at_utc", "who", "user_name", "role", "act", "reason")
            ]
            if told != [str(event.get(key)) for key in ("id", "at", "name", "actor", "role", "act", "reason")]:
                raise Wrong(member, f"event {row['event']} is not told as in trail.json")
        if next(whole, None) is not None:
            raise Wrong(member, "events of trail.json are missing")


def csv_text(lines: Iterable[bytes]) -> Iterator[str]:
    """Yield lines of CSV as text, without the mark that says it is UTF-8."""
    for place, line in enumerate(lines):
        yield line.decode("utf-8" if place else "utf-8-sig") + "\n"


def trail_rows(capsule: Capsule, name: str) -> Iterator[Facts]:
    """Yield the events of a trail.json; it has one event a line."""
    for line in capsule.lines(name):
        text = line.strip().rstrip(b",")
        if text not in (b"[", b"]", b""):
            yield load(text)


def embedded_in(pdf: bytes) -> Iterator[bytes]:
    """Yield the files embedded in a PDF of ours (ISO 32000-1, 7.11.4)."""
    for found in re.finditer(rb"/EmbeddedFile\b", pdf):
        start = re.compile(rb"stream\r?\n").search(pdf, found.end(), found.end() + 4096)
        if start is not None:
            head, body = pdf[pdf.rfind(b" obj", 0, found.start()) : start.start()].decode("latin-1"), pdf[start.end() :]
            if "FlateDecode" in head:
                yield zlib.decompressobj().decompress(body, MOST_IN_MEMORY)
            else:
                yield body[: int(first(r"/Length (\d+)", head))]


def sealed_part(pdf: bytes) -> tuple[bytes, bytes, dt.datetime]:
    """Return the one seal of a PDF (CMS), the bytes it covers, which must be all others, and its time."""
    ranges = re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", pdf)
    begin, end, start, length = (int(number) for number in ranges[0])
    gap = pdf[end:start]
    if len(ranges) != 1 or begin or start + length != len(pdf) or gap[:1] != b"<" or gap[-1:] != b">":
        raise ValueError("the seal does not cover the whole file")
    cms = bytes.fromhex(gap[1:-1].decode("ascii"))
    width = cms[1] - 128 if cms[1] > 128 else 0  # DER: the length itself, or how many bytes give it
    size = 2 + width + (int.from_bytes(cms[2 : 2 + width], "big") if width else cms[1])
    if cms[size:].strip(b"\0"):
        raise ValueError("something stands behind the seal")
    told = first(r"/M\s*\(D(?::|\\072)(\d{14})", pdf.decode("latin-1"))
    return cms[:size], pdf[:end] + pdf[start:], moment_of(told, "%Y%m%d%H%M%S")


# Ed25519 (RFC 8032), in Python because the openssl command verifies it only from version 3 on -----------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(one: Point, other: Point) -> Point:
    """Add two points of the curve in extended coordinates (RFC 8032, 5.1.4)."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(number: int, point: Point) -> Point:
    """Return number times point."""
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, point)
        point, number = add(point, point), number >> 1
    return total


def decode_point(data: bytes) -> Point:
    """Return the point that 32 bytes stand for; ValueError where there is none (RFC 8032, 5.1.3)."""
    sign, y = data[31] >> 7, int.from_bytes(data, "little") & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        raise ValueError("no point of the curve")
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


BASE = decode_point(bytes.fromhex("58" + "66" * 31))


def is_ed25519(public: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether an Ed25519 signature holds (RFC 8032, 5.1.7)."""
    s = int.from_bytes(signature[32:], "little")
    if len(public) != 32 or len(signature) != 64 or s >= L:
        return False
    try:
        point, commitment = decode_point(public), decode_point(signature[:32])
    except ValueError:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = multiply(s, BASE), add(commitment, multiply(k, point))
    return not ((left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P)


# The ledger: events, leaves, tree, checkpoint, witness -------------------------------------------


def read_key(text: str) -> Key:
    """Return name, key hash, algorithm and key of a verifier key (C2SP signed-note)."""
    name, key_hash, rest = text.strip().split("+", 2)
    raw = base64.b64decode(rest, validate=True)
    if sha256(name.encode("utf-8") + b"\n" + raw)[:8] != key_hash:
        raise ValueError("the key's own hash is wrong")
    return name, bytes.fromhex(key_hash), raw[0], raw[1:]


def signatures_on(note: bytes) -> tuple[bytes, list[Signed]]:
    """Return a note's text and its signature lines (C2SP signed-note)."""
    text, _, rest = note.rpartition(b"\n\n")
    rows = [line.split(" ") for line in rest.decode("utf-8").splitlines()]
    blobs = [(name, base64.b64decode(blob, validate=True)) for dash, name, blob in rows if dash == "\u2014"]
    return text + b"\n", [(name, blob[:4], blob[4:]) for name, blob in blobs]


def signed_at(key: Key, text: bytes, signed: list[Signed]) -> int:
    """Return 0 where a key did not sign a note, 1 where a log's did, a witness's own time where its did."""
    for name, key_hash, signature in signed:
        at = int.from_bytes(signature[:8], "big")
        if (name, key_hash) != key[:2]:
            continue
        if key[2] == 1 and is_ed25519(key[3], signature, text):
            return 1
        if key[2] == 4 and is_ed25519(key[3], signature[8:], b"cosignature/v1\ntime %d\n" % at + text):
            return at
    return 0


def root_from(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """Return the root that an inclusion proof leads to; ValueError for a proof of another shape (RFC 9162, 2.1.3.2)."""
    number, last = index, size - 1
    if not 0 <= index < size or any(len(one) != 32 for one in (leaf, *proof)):
        raise ValueError("the leaf lies outside the tree, or something is no hash")
    for step in proof:
        if last == 0:
            raise ValueError("the proof is too long")
        if number & 1 or number == last:
            leaf = hashlib.sha256(b"\1" + step + leaf).digest()
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            leaf = hashlib.sha256(b"\1" + leaf + step).digest()
        number, last = number >> 1, last >> 1
    if last:
        raise ValueError("the proof is too short")
    return leaf


ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def copied(field: bytes) -> str | None:
    """Return the text of one field of PostgreSQL's COPY format, or None for NULL."""
    if field == b"\\N":
        return None
    return re.sub(rb"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), field, flags=re.DOTALL).decode("utf-8")


def copied_moment(text: str) -> str:
    """Return PostgreSQL's ``2026-11-25 02:30:14.12+00`` as a trail writes it."""
    day, clock, fraction = re.fullmatch(r"(\S+) ([\d:]+)(?:\.(\d+))?\+00", text).groups("")  # type: ignore[union-attr]
    return f"{day}T{clock}.{fraction.ljust(6, '0')}Z"


def fingerprint(event: Facts) -> bytes:
    """Return one digest of what an event says, in whichever file it says it."""
    return hashlib.sha256(json.dumps(event, sort_keys=True).encode("utf-8")).digest()


SIGNINGS = ("signatures.signature.made", "signatures.signature.declined")
CLOCK_TOLERANCE = dt.timedelta(seconds=120)  # between a statement's time and its event's, at most


class Ledger:
    """The sealed ledger's part of a capsule."""

    def __init__(self, capsule: Capsule, report: Report, records: dict[str, Facts]) -> None:
        self.capsule, self.report, self.records = capsule, report, records
        self.formats: dict[str, dict[str, list[str]]] = {}
        self.events: dict[int, bytes] = {}
        self.sealed: set[int] = set()
        self.told: set[int] = set()
        self.numbers: dict[str, str] = {}
        self.moments: dict[str, str] = {}
        self.versions: dict[tuple[str, str], tuple[str, str]] = {}
        self.signatures: dict[str, tuple[str, str, str]] = {}
        self.size, self.root = 0, b""

    def check(self, log_keys: list[Key], witness_keys: list[Key]) -> None:
        """Check the checkpoint, every event's place in the tree, and the trails against the events."""
        attempt, names = self.report.attempt, self.capsule.infos
        for name in self.capsule.below("ledger/formats/", ".json"):
            attempt(name, self.check_format, name)
        if "ledger/checkpoint.txt" in names:
            attempt("ledger/checkpoint.txt", self.check_checkpoint, log_keys, witness_keys)
        attempt("ledger/leaves.jsonl", self.check_leaves)
        for name in sorted(one for one in names if one.endswith("/trail.json")):
            attempt(name, self.check_trail, name)
        for event in sorted(self.events.keys() - self.told)[:20]:
            self.report.fail(f"ledger/events.txt (event {event})", "no trail tells this event: it was left out there")
        for number, record in sorted(self.records.items()):
            attempt(f"records/{number}/record.json", self.check_sealed, record, f"records/{number}/")

    def check_format(self, name: str) -> None:
        """Read a format of lines; its name is the hash of its bytes."""
        raw = self.capsule.read(name)
        if name != f"ledger/formats/{sha256(raw)}.json":
            raise Wrong(name, "its SHA-256 is not its name")
        self.formats[sha256(raw)] = load(raw)["tables"]

    def check_checkpoint(self, log_keys: list[Key], witness_keys: list[Key]) -> None:
        """Verify the signatures of the ledger and of the witnesses on the checkpoint (C2SP tlog-checkpoint)."""
        text, signed = signatures_on(self.capsule.read("ledger/checkpoint.txt"))
        origin, size, root = text.decode("utf-8").split("\n")[:3]
        if not any(signed_at(key, text, signed) for key in log_keys if (key[0], key[2]) == (origin, 1)):
            raise Wrong("ledger/checkpoint.txt", "it is not signed by the ledger's key")
        self.size, self.root = int(size[:20]), base64.b64decode(root, validate=True)
        self.report.prove(1, f"checkpoint of the ledger {origin}, at {size} leaves, is signed by the ledger's key.")
        seen = [(key[0], signed_at(key, text, signed)) for key in witness_keys if key[2] == 4]
        for witness, at in seen:
            moment = dt.datetime.fromtimestamp(at, dt.timezone.utc).isoformat()
            sentence = f"witness, {witness}, signed this very checkpoint at {moment} as continuing the last."
            self.report.prove(1 if at else 0, sentence)
        if not any(at for _, at in seen):
            self.report.doubt("That the ledger was never rewritten before this checkpoint: no witness signed it.")

    def check_leaves(self) -> None:
        """Hash each event's lines, lead its leaf to the root, and keep what it says."""
        lines, unsealed = self.capsule.lines("ledger/events.txt"), []
        for text in self.capsule.lines("ledger/leaves.jsonl"):
            leaf, state = load(text), hashlib.sha256()
            member = f"ledger/events.txt (event {leaf['event']})"
            own = list(itertools.islice(lines, leaf["lines"]))
            for line in own:
                state.update(line + b"\n")
            if "index" not in leaf:
                unsealed.append(str(leaf["event"]))
            else:
                self.report.attempt(member, self.check_leaf, leaf, state.hexdigest(), member)
            self.report.attempt(member, self.read_event, leaf, own, member)
        if next(lines, None) is not None:
            raise Wrong("ledger/events.txt", "it holds lines that belong to no event")
        count, sentence = (
            len(self.sealed),
            "events, with every row that they changed, lead to the root of the checkpoint.",
        )
        self.report.prove(count, sentence)
        if count := len(unsealed):
            which = ", ".join(unsealed[:10]) + (" and others" if count > 10 else "")
            self.report.doubt(f"That {count} events ({which}) are sealed: they are younger than the checkpoint.")

    def check_leaf(self, leaf: Facts, digest: str, member: str) -> None:
        """Lead one leaf to the checkpoint's root."""
        entry = f"countersign-event/v1\n{leaf['event']}\n{leaf['format']}\n{leaf['lines']}\n{digest}\n"
        start = hashlib.sha256(b"\0" + entry.encode("ascii")).digest()
        proof = [bytes.fromhex(step) for step in leaf["proof"]]
        if not self.root or root_from(start, leaf["index"], self.size, proof) != self.root:
            raise Wrong(member, "it does not lead to the checkpoint's root: event, proof or checkpoint was altered")
        self.sealed.add(leaf["event"])

    def read_event(self, leaf: Facts, lines: list[bytes], member: str) -> None:
        """Read an event's lines in their format, and keep a digest of what they say."""
        tables, event = self.formats[leaf["format"]], dict[str, Any]()
        for line in lines:
            table, *fields = line.split(b"\t")
            row: Facts = dict(zip(tables[table.decode("ascii")], map(copied, fields)))
            if table == b"records_event":
                event = told_by_ledger(row)
            elif table == b"records_change":
                told = [row["table_name"], row["row_key"], row["kind"], int(row["history_id"])]
                event["changes"].append([*told, *(load((row[key] or "null").encode()) for key in ("old", "new"))])
            elif leaf["event"] in self.sealed:
                self.keep_snapshot(table, row)
        if event.get("id") != leaf["event"] or event["id"] in self.events:
            raise Wrong(member, "its lines are not those of one event, once")
        self.events[event["id"]] = fingerprint(event)
        if event["id"] in self.sealed and event["act"] in SIGNINGS:
            self.moments[event["details"]["signature"]] = event["at"]

    def keep_snapshot(self, table: bytes, row: Facts) -> None:
        """Keep what a sealed snapshot says of a record, a version or a signature."""
        if table == b"records_historicalcontrolledrecord":
            self.numbers[row["id"]] = row["number"]
        elif table == b"records_historicalversion":
            self.versions[row["record_id"], row["number"]] = (row["content_hash"], row["content"])
        elif table == b"signatures_historicalsignature":
            self.signatures[row["number"]] = (row["statement"], row["cms"], row["printed_name"])

    def check_trail(self, name: str) -> None:
        """Compare a trail with the ledger's own lines, event by event."""
        good = 0
        for row in trail_rows(self.capsule, name):
            changes = [[one[key] for key in CHANGED] for one in row["changes"]]
            record = None if row["record"] is None else str(row["record"])
            if self.events.get(row["id"]) != fingerprint({**row, "record": record, "changes": changes}):
                raise Wrong(name, f"event {row['id']} is not told as the ledger holds it")
            self.told.add(row["id"])
            good += row["id"] in self.sealed
        self.report.prove(good, f"events of {name} are told word for word as in the ledger's lines.")

    def check_sealed(self, record: Facts, folder: str) -> None:
        """Find each version and signature of a record in the sealed lines."""
        missing, key = [], str(record["id"])
        if self.numbers.get(key, record["number"]) != record["number"]:
            raise Wrong(f"{folder}record.json", "the ledger holds another record under this id")
        for row in record["versions"]:
            found = self.versions.get((key, str(row["number"])))
            if found is None:
                missing.append(f"version {row['number']} of {record['number']}")
            elif found != (row["content_hash"], f"sha256:{row['content_hash']}"):
                raise Wrong(f"{folder}versions/v{row['number']}.json", "the ledger holds another content hash")
        for row in record["signatures"]:
            base, held = f"{folder}signatures/{row['number']}", self.signatures.get(row["number"])
            files = [f"sha256:{self.capsule.digest(base + end)[0]}" for end in (".statement.json", ".p7s")]
            if held is None:
                missing.append(f"signature {row['number']}")
            elif held != (files[0], files[1], row["printed_name"]):
                raise Wrong(f"{base}.statement.json", "the ledger holds another signature under this number")
            at = self.moments.get(row["number"], row["signed_at"])
            if abs(moment_of(at, INSTANT) - moment_of(row["signed_at"], INSTANT)) > CLOCK_TOLERANCE:
                raise Wrong(f"{base}.statement.json", f"it says {row['signed_at']}, but the ledger saw it made at {at}")
        for one in missing:
            self.report.doubt(f"That the ledger holds {one}: its event is not sealed yet, or not in this capsule.")
        count = len(record["versions"]) + len(record["signatures"]) - len(missing)
        self.report.prove(count, f"versions and signatures of {record['number']} are those in the ledger's lines.")


CHANGED = ("table", "row", "kind", "snapshot", "old", "new")
SAME = ("act", "reason", "address", "station", "build")
OTHER = {"actor": "actor_username", "name": "actor_name", "role": "actor_role", "record": "record_id"}


def told_by_ledger(row: Facts) -> Facts:
    """Return what an event's row says, under the names that a trail uses."""
    told = {key: row[column] for key, column in (*zip(SAME, SAME), *OTHER.items(), ("request", "request_id"))}
    moment, details = copied_moment(row["at"]), load(row["details"].encode("utf-8"))
    return {**told, "id": int(row["id"]), "at": moment, "details": details, "changes": []}


# Time stamps, by openssl ------------------------------------------------------------------------


def check_stamp(capsule: Capsule, report: Report, openssl: OpenSSL, name: str) -> None:
    """Verify one time stamp (RFC 3161) over the checkpoint as the ledger signed it, without the witnesses' lines."""
    head, _, lines = capsule.read("ledger/checkpoint.txt").rpartition(b"\n\n")
    note = capsule.read("timestamps/note.txt")
    if note != head + b"\n\n" + lines.split(b"\n")[0] + b"\n":
        raise Wrong("timestamps/note.txt", "it is not the checkpoint with the ledger's signature alone")
    token, ca = openssl.keep("token", capsule.read(name)), openssl.keep("tsa.pem", capsule.read("timestamps/ca.pem"))
    shown = openssl.run("ts", "-reply", "-in", token, "-token_in", "-text").stdout.decode("utf-8", "replace")
    at = moment_of(re.sub(r"\.\d+", "", first(r"Time stamp: (.+)", shown)))
    trust = ("-CAfile", ca, "-untrusted", ca, "-attime", str(int(at.timestamp())))
    if openssl.run(
        "ts", "-verify", "-data", openssl.keep("stamped", note), "-in", token, "-token_in", *trust
    ).returncode:
        raise Wrong(name, "it is no valid time stamp over the checkpoint by an authority in timestamps/ca.pem")
    report.prove(1, f"time stamp of an outside authority ({name}): the checkpoint existed at {at.isoformat()}.")


def check_stamps(capsule: Capsule, report: Report, openssl: OpenSSL) -> None:
    """Verify every time stamp of the capsule."""
    names = capsule.below("timestamps/", ".tst")
    for name in names:
        report.attempt(name, check_stamp, capsule, report, openssl, name)
    if names:
        report.doubt("That the time-stamp authority is one you trust: compare timestamps/ca.pem with its own pages.")
    else:
        report.doubt("That the times are right by an outside clock: no time stamp of an outside authority is here.")


# All together ----------------------------------------------------------------------------------


def check_giver(capsule: Capsule, openssl: OpenSSL, report: Report) -> None:
    """Verify the organisation's seal over the manifest, and tell who gave the capsule out."""
    made_at = moment_of(capsule.json("capsule.json")["made_at"], INSTANT)
    seal, manifest = capsule.read("manifest.json.p7s"), capsule.read("manifest.json")
    signer = openssl.signer_of(seal, manifest, made_at)
    giver = openssl.sealer_of(signer)
    if signer is None or giver is None:
        raise Wrong("manifest.json, manifest.json.p7s", "the seal is not valid over this manifest, or not trusted")
    if not is_sound(seal, signer, capsule.read("certificates/ca.pem")):
        raise Wrong("manifest.json.p7s", "bytes that no signature covers are not as in every seal")
    report.prove(1, f"seal stands over the manifest: {giver} gave out these files and no others.")


def keys_of(capsule: Capsule, name: str, given: list[str] | None) -> list[Key]:
    """Return the caller's own keys, or those that the capsule brings."""
    lines = given or ([line.decode("utf-8") for line in capsule.lines(name)] if name in capsule.infos else [])
    return [read_key(line) for line in lines if line.strip()]


def check_ledger(capsule: Capsule, report: Report, records: dict[str, Facts], given: argparse.Namespace) -> None:
    """Check the ledger's part, where the capsule has one."""
    if not capsule.below("ledger/"):
        report.doubt("That the audit trail is as it was sealed: the capsule has no part of the ledger.")
        return
    log_keys = report.attempt("ledger/log.vkey", keys_of, capsule, "ledger/log.vkey", given.log_key)
    witness_keys = report.attempt("ledger/witness.vkey", keys_of, capsule, "ledger/witness.vkey", given.witness_key)
    Ledger(capsule, report, records).check(log_keys or [], witness_keys or [])
    if not given.log_key:
        report.doubt(
            "That the keys of ledger and witness are the site's own: compare ledger/*.vkey with copies from "
            "elsewhere, or give those with --log-key and --witness-key."
        )


def check_capsule(path: str, given: argparse.Namespace, folder: str) -> Report:
    """Check everything about a capsule; return the report."""
    capsule, report = Capsule(path), Report()
    for name in ("capsule.json", "manifest.json", "certificates/ca.pem"):
        if name not in capsule.infos:
            raise Unusable(f"{name} is not in the zip: it is not a capsule, or a part is missing")
    report.attempt("manifest.json", check_manifest, capsule, report)
    facts = report.attempt("capsule.json", lambda: dict(capsule.json("capsule.json"))) or {}
    if not report.wrong and facts.get("schema") != SCHEMA:
        raise Unusable(f"the capsule is of another form ({facts.get('schema')}) than this verifier knows")
    ca = report.attempt("certificates/ca.pem", capsule.read, "certificates/ca.pem") or b""
    ca = pathlib.Path(given.ca).read_bytes() if given.ca else ca
    openssl = OpenSSL(folder, ca)
    say(f"{facts.get('title', path)}, checked with {openssl.version} and Python {sys.version.split()[0]}")
    report.attempt("manifest.json.p7s", check_giver, capsule, openssl, report)
    records = Records(capsule, report, openssl)
    records.check()
    check_ledger(capsule, report, records.records, given)
    check_stamps(capsule, report, openssl)
    report.doubt("That nothing was left out: what is here is genuine, but what is not here cannot be seen.")
    if not given.ca:
        report.doubt(
            f"That the authorities are the site's own: compare certificates/ca.pem (SHA-256 {sha256(ca)}) with a "
            "copy from elsewhere, or give that with --ca."
        )
    return report


def main() -> int:
    """Read the command line, check, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("capsule", help="the zip")
    parser.add_argument("--ca", help="PEM file of the authorities, instead of the capsule's own")
    parser.add_argument("--log-key", action="append", help="verifier key of the ledger, instead of the capsule's own")
    parser.add_argument("--witness-key", action="append", help="verifier key of a witness, likewise")
    given = parser.parse_args()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    try:
        with tempfile.TemporaryDirectory() as folder:
            return check_capsule(given.capsule, given, folder).tell()
    except (Unusable, OSError) as error:
        sys.stderr.write(f"This capsule could not be checked: {error}.\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
