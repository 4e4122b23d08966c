"""A time-stamp authority of our own: a real HTTP server whose answers `openssl ts -reply` makes."""

from __future__ import annotations

import asyncio
import datetime as dt
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps import DummyTimeStamper

from records.stamping.client import REPLY_TYPE, StampClient
from records.stamping.tokens import Trust, read_trust

POLICY, OTHER_POLICY = "1.3.6.1.4.1.57264.99.1", "1.3.6.1.4.1.57264.99.2"
TIME_STAMPING = (ExtendedKeyUsageOID.TIME_STAMPING,)
CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/chain.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = {policy}
other_policies = {other}
digests = sha256, sha384, sha512
accuracy = secs:1
clock_precision_digits = 3
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
"""


@dataclass
class StampAuthority:
    """Keys, certificates and settings of one authority, in a folder of its own."""

    folder: Path
    root: Path

    @property
    def trust(self) -> Trust:
        return read_trust(self.root.read_bytes())

    def answer(self, query: bytes) -> bytes:
        """Return what the authority answers to a request."""
        question = self.folder / f"query-{threading.get_ident()}"
        question.write_bytes(query)
        return subprocess.run(
            ["openssl", "ts", "-reply", "-config", str(self.folder / "tsa.cnf"), "-queryfile", str(question)],
            check=True,
            capture_output=True,
            timeout=30,
        ).stdout

    def accepts(self, token: bytes, message: bytes) -> bool:
        """Tell whether `openssl ts -verify` accepts a token over a message."""
        kept, data = self.folder / "kept.tst", self.folder / "message"
        kept.write_bytes(token)
        data.write_bytes(message)
        command = [
            "openssl",
            "ts",
            "-verify",
            "-token_in",
            "-in",
            str(kept),
            "-data",
            str(data),
            "-CAfile",
            str(self.root),
        ]
        found = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        return found.returncode == 0 and "Verification: OK" in found.stdout + found.stderr


def make_authority(folder: Path, *, is_expired: bool = False, ess: str = "sha256") -> StampAuthority:
    """Make a root, an intermediate and a time-stamping certificate that OpenSSL will answer with."""
    folder.mkdir(parents=True, exist_ok=True)
    root_key, middle_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root_name, middle_name = _name("Test time-stamp root"), _name("Test time-stamp intermediate")
    root = _certify(root_name, root_name, root_key.public_key(), root_key, is_authority=True)
    middle = _certify(middle_name, root_name, middle_key.public_key(), root_key, is_authority=True)
    leaf = _certify(
        _name("Test time-stamp authority"),
        middle_name,
        key.public_key(),
        middle_key,
        usages=TIME_STAMPING,
        is_expired=is_expired,
    )
    for name, certificates in {"root.pem": [root], "tsa.pem": [leaf], "chain.pem": [middle]}.items():
        (folder / name).write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates))
    (folder / "tsa.key").write_bytes(_pkcs8(key, serialization.Encoding.PEM))
    (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder, policy=POLICY, other=OTHER_POLICY, ess=ess))
    (folder / "serial").write_text("01\n")
    return StampAuthority(folder, folder / "root.pem")


@dataclass
class CarelessAuthority:
    """An authority that answers with whatever certificate it has, which OpenSSL refuses to do."""

    root: x509.Certificate
    stamper: DummyTimeStamper

    @property
    def trust(self) -> Trust:
        return Trust((self.root,))

    def answer(self, query: bytes) -> bytes:
        """Return what the authority answers to a request."""
        response = asyncio.run(self.stamper.async_request_tsa_response(tsp.TimeStampReq.load(query)))
        return bytes(response.dump())


def make_careless_authority(
    *,
    usages: tuple[x509.ObjectIdentifier, ...] | None = TIME_STAMPING,
    is_critical: bool = True,
    is_authority: bool = False,
    at: dt.datetime | None = None,
) -> CarelessAuthority:
    """Make an authority whose certificate is as good or as bad as asked, and which may lie about the time."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
    name = _name("Careless root")
    root = _certify(name, name, root_key.public_key(), root_key, is_authority=True)
    leaf = _certify(
        _name("Careless authority"),
        name,
        key.public_key(),
        root_key,
        usages=usages,
        is_critical=is_critical,
        is_authority=is_authority,
    )
    stamper = DummyTimeStamper(
        asn1_x509.Certificate.load(leaf.public_bytes(serialization.Encoding.DER)),
        asn1_keys.PrivateKeyInfo.load(_pkcs8(key, serialization.Encoding.DER)),
        fixed_dt=at or dt.datetime.now(tz=dt.UTC).replace(microsecond=0),
    )
    return CarelessAuthority(root, stamper)


@dataclass
class Reply:
    """What the server sends back; pieces with a pause between them make it slow."""

    body: bytes
    status: int = 200
    kind: str = REPLY_TYPE
    headers: dict[str, str] = field(default_factory=dict)
    drip_seconds: float = 0
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass
class ServedAuthority:
    """A served authority; ``behave`` may put another reply in the place of the good one."""

    authority: StampAuthority
    url: str
    queries: list[bytes] = field(default_factory=list)
    behave: Callable[[bytes], Reply] | None = None

    def client(self, *, trust: Trust | None = None, deadline_seconds: float = 20.0) -> StampClient:
        """Return a client of this authority."""
        return StampClient(self.url, trust or self.authority.trust, deadline_seconds)


@contextmanager
def serve_authority(authority: StampAuthority) -> Iterator[ServedAuthority]:
    """Serve the authority on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.queries.append(b"GET")
            self.send_error(405)

        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            served.queries.append(query)
            reply = served.behave(query) if served.behave else Reply(authority.answer(query))
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.send_body(reply)

        def send_body(self, reply: Reply) -> None:
            try:
                if not reply.drip_seconds:
                    self.wfile.write(reply.body)
                    return
                for byte in reply.body:
                    self.wfile.write(bytes([byte]))
                    if reply.stop.wait(reply.drip_seconds):
                        return
            except ConnectionError:
                return  # the client hung up, as some tests want it to

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = ServedAuthority(authority, f"http://127.0.0.1:{server.server_address[1]}/tsa")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pkcs8(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, encoding: serialization.Encoding) -> bytes:
    return key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _certify(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool = False,
    usages: tuple[x509.ObjectIdentifier, ...] | None = None,
    is_critical: bool = True,
    is_expired: bool = False,
) -> x509.Certificate:
    now = dt.datetime.now(tz=dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=30))
        .not_valid_after(now + dt.timedelta(days=-1 if is_expired else 30))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=is_critical)
    return builder.sign(issuer_key, hashes.SHA256())
