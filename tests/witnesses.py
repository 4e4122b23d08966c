"""Real witness processes on loopback, and small logs that they are asked to cosign."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from records.ledger import checkpoints, merkle, notes, witnessing
from records.ledger.checkpoints import Checkpoint
from records.ledger.notes import SignatureType, SignedNote, VerifiedSignature, VerifierKey

BASE_DIR = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
LISTENING = re.compile(r"listening on (?P<host>\S+):(?P<port>\d+) as (?P<key>\S+) ")


class RunningWitness:
    """One witness process with its files in a folder; started, killed and started again."""

    def __init__(self, folder: Path, *logs: VerifierKey, listen: str = "127.0.0.1:0") -> None:
        self.folder = folder
        self.state, self.key_file = folder / "state.json", folder / "keys" / "witness.key"
        self.logs, self.listen = logs, listen
        self.process: subprocess.Popen[str] | None = None
        self.said: list[str] = []
        self.url = self.said_key = ""

    def command(self, *more: str) -> list[str]:
        """Return the command line that an operator would type."""
        files = ["--state", str(self.state), "--key", str(self.key_file)]
        known = [word for log in self.logs for word in ("--log", str(log))]
        return [sys.executable, "-m", "records.witness", "--listen", self.listen, *files, *known, *more]

    def run(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        return subprocess.run(
            self.command(*more), cwd=BASE_DIR, capture_output=True, text=True, timeout=START_SECONDS, check=False
        )

    @property
    def key(self) -> VerifierKey:
        """The verifier key, as the witness said it when it began to listen."""
        return notes.parse_verifier_key(self.said_key)

    def start(self) -> RunningWitness:
        """Start the process and wait until it listens."""
        self.process = subprocess.Popen(
            self.command(), cwd=BASE_DIR, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )
        assert self.process.stderr is not None
        listening = threading.Event()

        def listen(lines: Iterator[str]) -> None:
            for line in lines:
                self.said.append(line.rstrip())
                if found := LISTENING.search(line):
                    self.url, self.said_key = f"http://{found['host']}:{found['port']}", found["key"]
                    listening.set()
            listening.set()

        threading.Thread(target=listen, args=(self.process.stderr,), daemon=True).start()
        assert listening.wait(START_SECONDS)
        assert self.process.poll() is None, self.said
        return self

    def kill(self) -> None:
        """End the process as a power cut would: kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask the process to end; return its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(START_SECONDS)
        assert self.process.stderr is not None
        self.process.stderr.close()
        self.process = None
        return code


@contextlib.contextmanager
def running_witness(folder: Path, *logs: VerifierKey) -> Iterator[RunningWitness]:
    """Give a witness for these logs, ended afterwards however the test went."""
    witness = RunningWitness(folder, *logs).start()
    try:
        yield witness
    finally:
        if witness.process is not None:
            witness.kill()


class SmallLog:
    """A log in memory with a key of its own, whose history can also be forked."""

    def __init__(self, origin: str = "ledger.example/countersign", story: str = "true") -> None:
        self.secret = Ed25519PrivateKey.generate()
        self.key = notes.make_verifier_key(origin, SignatureType.ED25519, self.secret.public_key())
        self.leaves = [merkle.leaf_hash(f"{story} {number}".encode()) for number in range(300)]

    def fork(self, story: str) -> SmallLog:
        """Return another history under the same key."""
        other = SmallLog(self.key.name, story)
        other.secret, other.key = self.secret, self.key
        return other

    def checkpoint(self, size: int) -> Checkpoint:
        """Return the head at a size."""
        return Checkpoint(self.key.name, size, merkle.root_of(self.leaves[:size]))

    def note(self, size: int) -> SignedNote:
        """Return the signed head at a size."""
        return checkpoints.sign_checkpoint(self.checkpoint(size), self.key, self.secret.sign)

    def proof(self, old_size: int, new_size: int) -> list[bytes]:
        """Return the proof of growth."""
        return merkle.consistency_proof(
            old_size, new_size, merkle.hash_reader(lambda start, end: self.leaves[start:end])
        )

    def ask(self, witness: RunningWitness, key: VerifierKey, old_size: int, new_size: int) -> VerifiedSignature:
        """Have a witness cosign the growth of this log."""
        return witnessing.ask_witness(
            witness.url, key, self.note(new_size), old_size, self.proof(old_size, new_size), seconds=30
        )
