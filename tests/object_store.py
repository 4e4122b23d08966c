"""A real object store for tests: SeaweedFS from its wheel, on loopback, in a folder of its own."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from qms.plant.children import spawn
from records.archive.s3 import S3Place
from tests.ports import find_free_ports

REGION = "us-east-1"
START_SECONDS = 60
GRPC_OFFSET = 10_000  # SeaweedFS listens for itself that far above each port
COMPONENTS = ("master", "volume", "filer", "s3")


@dataclass(frozen=True)
class ObjectStore:
    """A running store: its address, the key of its administrator and that of a stranger."""

    address: str
    access_key: str
    secret_key: str
    process: subprocess.Popen[bytes]

    def client(self) -> Any:
        """Return a client with the store's most powerful key: what an attacker with the sealer's key can do."""
        return boto3.client(
            "s3",
            endpoint_url=self.address,
            region_name=REGION,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}),
        )

    def make_bucket(self, *, has_lock: bool = True) -> S3Place:
        """Make a bucket of a new name, with or without Object Lock."""
        bucket = f"archive-{secrets.token_hex(6)}"
        self.client().create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=has_lock)
        return S3Place(bucket, REGION, self.access_key, self.secret_key, endpoint=self.address, prefix="plant")


def write_identities(folder: Path, access_key: str, secret_key: str) -> Path:
    """Write the file that gives one key every right the store knows, and nobody else any."""
    path = folder / "s3.json"
    actions = ["Admin", "Read", "List", "Tagging", "Write"]
    keys = [{"accessKey": access_key, "secretKey": secret_key}]
    path.write_text(json.dumps({"identities": [{"name": "sealer", "credentials": keys, "actions": actions}]}))
    path.chmod(0o600)
    return path


@contextmanager
def running_store(folder: Path) -> Iterator[ObjectStore]:
    """Run a store until the block ends; the kernel ends it if this process is killed."""
    access_key, secret_key = secrets.token_hex(10), secrets.token_hex(20)
    identities = write_identities(folder, access_key, secret_key)
    data = folder / "data"
    data.mkdir()
    ports = dict(zip(COMPONENTS, find_free_ports(len(COMPONENTS), offsets=(0, GRPC_OFFSET)), strict=True))
    command = [str(Path(sys.executable).with_name("weed")), "server", f"-dir={data}", "-ip=127.0.0.1"]
    command += ["-ip.bind=127.0.0.1", "-filer", "-s3", f"-s3.config={identities}", "-s3.iam=false"]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.volumeSizeLimitMB=64", "-volume.max=200"]
    command += [f"-{component}.port={port}" for component, port in ports.items()]
    command += [f"-{component}.localSocket={folder / component}.sock" for component in ("filer", "s3")]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)}
    log = folder / "weed.log"
    process = spawn(command, log=log, death_signal=signal.SIGKILL, environment=environment, folder=folder)
    store = ObjectStore(f"http://127.0.0.1:{ports['s3']}", access_key, secret_key, process)
    try:
        wait_until_ready(store, log)
        yield store
    finally:
        process.kill()
        process.wait(30)


def wait_until_ready(store: ObjectStore, log: Path) -> None:
    """Wait until the store answers and can write."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if store.process.poll() is not None:
            break
        try:
            urllib.request.urlopen(store.address, timeout=5)
        except urllib.error.HTTPError:
            return  # it refuses the stranger: it is there
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the object store did not start: {log.read_text()[-2000:]}")
