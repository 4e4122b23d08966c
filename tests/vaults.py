"""A real OpenBao for tests: sealed at first, TLS with a certificate of its own, prepared by deploy/vault/setup.sh.

One server for each test process that asks for it; it dies with that process and keeps nothing.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hvac
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from qms.plant import children
from records.vault_session import VaultAccess
from tests.ports import find_free_ports
from tests.servers import BASE_DIR

BINARY = Path(sys.executable).with_name("bao")
SETUP = BASE_DIR / "deploy" / "vault" / "setup.sh"


@dataclass
class Vault:
    """The server as its operators see it."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    unseal_key: str = ""
    root_token: str = ""
    client: hvac.Client = field(init=False)

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def ca_file(self) -> str:
        return str(self.folder / "tls.crt")

    def start(self) -> None:
        """Start the process and wait until it answers; it is sealed, or never initialised."""
        self.process = children.spawn(
            [str(BINARY), "server", "-config", str(self.folder / "server.hcl")],
            log=self.folder / "server.log",
            death_signal=signal.SIGKILL,
            environment={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
        )
        self.client = hvac.Client(url=self.address, token=self.root_token, verify=self.ca_file, timeout=10)
        for _ in range(400):
            if self.process.poll() is not None:
                raise AssertionError((self.folder / "server.log").read_text())
            try:
                self.client.sys.read_seal_status()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("OpenBao did not start: " + (self.folder / "server.log").read_text())

    def stop(self) -> None:
        if self.process is not None:
            children.stop(self.process, signal.SIGTERM, grace_seconds=5)
            self.process = None

    def initialise(self) -> None:
        made = self.client.sys.initialize(secret_shares=1, secret_threshold=1)
        self.unseal_key, self.root_token = made["keys"][0], made["root_token"]
        self.unseal()
        self.client.token = self.root_token

    def seal(self) -> None:
        self.client.sys.seal()

    def unseal(self) -> None:
        self.client.sys.submit_unseal_key(self.unseal_key)
        for _ in range(100):  # a moment passes until the node is active
            found = self.client.sys.read_health_status(method="GET")
            if isinstance(found, dict) and not found["sealed"] and not found["standby"]:
                return
            time.sleep(0.05)
        raise AssertionError("OpenBao was not unsealed")

    def wake(self) -> None:
        """Start and unseal the server, whatever a test before did to it."""
        if self.process is None:
            self.start()
        if self.client.sys.is_sealed():
            self.unseal()

    def set_up(self, mount: str = "countersign") -> str:
        """Run the shipped set-up script; return what it prints."""
        self.wake()
        environment = {
            "PATH": f"{BINARY.parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "VAULT_CLI": "bao",
            "VAULT_ADDR": self.address,
            "VAULT_TOKEN": self.root_token,
            "VAULT_CACERT": self.ca_file,
            "VAULT_MOUNT": mount,
        }
        done = subprocess.run([str(SETUP)], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def issue_secret_id(self, role: str) -> str:
        made = self.client.auth.approle.generate_secret_id(role)
        return str(made["data"]["secret_id"])

    def role_id(self, role: str) -> str:
        return str(self.client.auth.approle.read_role_id(role)["data"]["role_id"])

    def access(self, process: str = "web", mount: str = "countersign", **changes: Any) -> VaultAccess:
        """Return how one of the three processes logs in, with a fresh secret id."""
        role = f"{mount}-{process}"
        facts: dict[str, Any] = {
            "address": self.address,
            "role_id": self.role_id(role),
            "secret_id": self.issue_secret_id(role),
            "kv_mount": mount,
            "transit_mount": f"{mount}-transit",
            "ca_file": self.ca_file,
        }
        return VaultAccess(**facts | changes)

    def open_mount(self, mount: str) -> VaultAccess:
        """Make mounts of the test's own, where one role may do everything a key store can ask."""
        self.wake()
        self.client.sys.enable_secrets_engine("kv", path=mount, options={"version": "2"})
        self.client.sys.enable_secrets_engine("transit", path=f"{mount}-transit")
        rule = '{ capabilities = ["create", "read", "update"] }'
        self.client.sys.create_or_update_policy(
            f"{mount}-all",
            f'path "{mount}/data/*" {rule}\npath "{mount}-transit/*" {rule}',
        )
        self.client.auth.approle.create_or_update_approle(f"{mount}-all", token_policies=[f"{mount}-all"])
        return self.access("all", mount)


@pytest.fixture(scope="session")
def vault_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    """Give a running, unsealed server with the shipped set-up."""
    folder = tmp_path_factory.mktemp("vault")
    (folder / "data").mkdir()
    port, cluster_port = find_free_ports(2)
    write_certificate(folder)
    (folder / "server.hcl").write_text(
        f"""
        storage "raft" {{
          path = "{folder}/data"
          node_id = "only"
          performance_multiplier = 1
        }}
        listener "tcp" {{
          address = "127.0.0.1:{port}"
          cluster_address = "127.0.0.1:{cluster_port}"
          tls_cert_file = "{folder}/tls.crt"
          tls_key_file = "{folder}/tls.key"
        }}
        api_addr = "https://127.0.0.1:{port}"
        cluster_addr = "https://127.0.0.1:{cluster_port}"
        """
    )
    server = Vault(folder, port)
    try:
        server.start()
        server.initialise()
        server.set_up()
        yield server
    finally:
        server.stop()


@pytest.fixture
def vault(vault_server: Vault) -> Vault:
    """Give the server, unsealed, whatever the test before did to it."""
    vault_server.wake()
    return vault_server


def write_certificate(folder: Path) -> None:
    """Make the server's own certificate, which no system trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test vault")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "tls.crt").write_bytes(certificate.public_bytes(pem))
    (folder / "tls.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
