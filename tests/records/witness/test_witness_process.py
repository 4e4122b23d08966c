"""The witness as it runs: cosigns growth only, remembers over kills, refuses files that are not its own."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from records.errors import Refusal
from records.ledger import witnessing
from records.ledger.errors import (
    NoteNotSigned,
    WitnessAnswerInvalid,
    WitnessAtAnotherSize,
    WitnessHasSeenMore,
    WitnessRefused,
    WitnessUnreachable,
)
from records.ledger.notes import SignatureType, VerifierKey, verify_note
from tests.witnesses import BASE_DIR, RunningWitness, SmallLog, running_witness

pytestmark = pytest.mark.clause("11.10(e)")


@pytest.fixture(scope="module")
def busy_witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningWitness, list[SmallLog]]]:
    """One process that knows a log for each test that leaves the process alone."""
    logs = [SmallLog(f"ledger{number}.example/countersign") for number in range(20)]
    with running_witness(tmp_path_factory.mktemp("busy"), *(log.key for log in logs)) as running:
        yield running, logs


@pytest.fixture
def log(busy_witness: tuple[RunningWitness, list[SmallLog]]) -> SmallLog:
    return busy_witness[1].pop()


@pytest.fixture
def witness(busy_witness: tuple[RunningWitness, list[SmallLog]]) -> RunningWitness:
    return busy_witness[0]


@pytest.fixture
def own_witness(tmp_path: Path, log: SmallLog) -> Iterator[RunningWitness]:
    """A process that the test may end."""
    with running_witness(tmp_path, log.key) as running:
        yield running


def read(witness: RunningWitness, key: VerifierKey, log: SmallLog) -> int:
    """Return the size that the witness last cosigned, read from itself."""
    found = witnessing.read_witness(witness.url, key, log.key.name, [log.key], seconds=30)
    return 0 if found is None else found.size


def test_growth_is_cosigned_and_the_same_size_again(witness: RunningWitness, log: SmallLog):
    key, before = witness.key, int(time.time())
    for old, new in ((0, 3), (3, 8), (8, 8), (8, 300)):
        cosignature = log.ask(witness, key, old, new)
        assert cosignature.timestamp is not None
        assert before <= cosignature.timestamp <= time.time()
        cosigned = log.note(new).with_signatures([cosignature.line])
        assert [found.key for found in verify_note(cosigned, [log.key, key])] == [log.key, key]
        assert read(witness, key, log) == new


def test_an_empty_log_is_cosigned_and_grows(witness: RunningWitness, log: SmallLog):
    key = witness.key
    assert read(witness, key, log) == 0
    log.ask(witness, key, 0, 0)
    log.ask(witness, key, 0, 0)
    log.ask(witness, key, 0, 1)


@pytest.mark.assurance("C2")
def test_a_ledger_rolled_back_is_refused_with_the_size_seen(witness: RunningWitness, log: SmallLog):
    key = witness.key
    log.ask(witness, key, 0, 8)
    for old, new in ((0, 5), (5, 5), (5, 7)):
        with pytest.raises(WitnessHasSeenMore) as refused:
            log.ask(witness, key, old, new)
        assert refused.value.facts["size"] == 8
    assert read(witness, key, log) == 8


def test_a_log_that_lost_count_learns_where_its_proof_begins(witness: RunningWitness, log: SmallLog):
    key = witness.key
    log.ask(witness, key, 0, 5)
    with pytest.raises(WitnessAtAnotherSize) as refused:
        log.ask(witness, key, 0, 9)
    assert not isinstance(refused.value, WitnessHasSeenMore)
    log.ask(witness, key, int(str(refused.value.facts["size"])), 9)


@pytest.mark.assurance("C2")
def test_a_second_history_under_the_same_key_is_refused(witness: RunningWitness, log: SmallLog):
    key, forked = witness.key, log.fork("forged")
    log.ask(witness, key, 0, 8)
    with pytest.raises(WitnessRefused, match="two histories"):
        forked.ask(witness, key, 8, 8)
    with pytest.raises(WitnessRefused, match="proof does not hold"):
        forked.ask(witness, key, 8, 12)
    log.ask(witness, key, 8, 12)


def test_another_log_and_another_key_are_refused(witness: RunningWitness, log: SmallLog):
    key = witness.key
    with pytest.raises(WitnessRefused, match="404"):
        SmallLog("stranger.example").ask(witness, key, 0, 3)
    with pytest.raises(WitnessRefused, match="403"):
        SmallLog(log.key.name).ask(witness, key, 0, 3)
    assert read(witness, key, log) == 0


def test_the_answer_of_another_witness_is_not_believed(witness: RunningWitness, log: SmallLog):
    key = witness.key
    other = VerifierKey(key.name, SignatureType.COSIGNATURE, b"o" * 32)
    with pytest.raises(WitnessAnswerInvalid):
        log.ask(witness, other, 0, 3)
    with pytest.raises(WitnessAnswerInvalid):
        read(witness, other, log)
    with pytest.raises(WitnessAnswerInvalid):
        witnessing.read_witness(witness.url, key, log.key.name, [SmallLog(log.key.name).key], seconds=30)
    assert log.ask(witness, key, 3, 3).key == key


def test_of_two_that_grow_from_one_size_only_one_is_cosigned(witness: RunningWitness, log: SmallLog):
    key, size = witness.key, 1
    log.ask(witness, key, 0, size)
    for _ in range(5):
        sizes = range(size + 1, size + 9)
        ready = threading.Barrier(len(sizes))

        def grow(new: int, old: int = size, ready: threading.Barrier = ready) -> bool:
            ready.wait(30)
            try:
                log.ask(witness, key, old, new)
            except (WitnessAtAnotherSize, WitnessHasSeenMore):
                return False
            return True

        with ThreadPoolExecutor(len(sizes)) as pool:
            cosigned = [new for new, done in zip(sizes, pool.map(grow, sizes), strict=True) if done]
        assert len(cosigned) == 1
        size = read(witness, key, log)
        assert [size] == cosigned


def test_a_restart_remembers_what_was_cosigned(own_witness: RunningWitness, log: SmallLog):
    key = own_witness.key
    log.ask(own_witness, key, 0, 8)
    assert own_witness.stop() == 0
    own_witness.start()
    assert own_witness.key == key
    with pytest.raises(WitnessHasSeenMore):
        log.ask(own_witness, key, 0, 5)
    log.ask(own_witness, key, 8, 9)


@pytest.mark.assurance("C2")
def test_what_was_cosigned_survives_kill_9(own_witness: RunningWitness, log: SmallLog):
    key, size = own_witness.key, 0
    for _ in range(4):
        promised = [size]

        def grow(promised: list[int] = promised) -> None:
            while promised[-1] < 300:
                try:
                    log.ask(own_witness, key, promised[-1], promised[-1] + 1)
                except (WitnessUnreachable, WitnessAnswerInvalid):
                    return
                promised.append(promised[-1] + 1)

        growing = threading.Thread(target=grow)
        growing.start()
        wait_until(lambda promised=promised: len(promised) > 3)  # type: ignore[misc]
        own_witness.kill()
        growing.join(60)
        own_witness.start()
        size = read(own_witness, key, log)
        # One more may be on the disk than was answered, never one less.
        assert promised[-1] <= size <= promised[-1] + 1
    assert size >= 12


def wait_until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.002)


def test_two_processes_never_share_a_state(own_witness: RunningWitness):
    assert own_witness.run("--print-key").stdout == f"{own_witness.key}\n"
    second = own_witness.run()
    assert second.returncode == 2
    assert "Another witness process is using" in second.stderr


def test_both_keys_of_a_log_are_believed_while_it_changes_its_key(tmp_path: Path, log: SmallLog):
    renewed = SmallLog(log.key.name)
    with running_witness(tmp_path, log.key, renewed.key) as witness:
        log.ask(witness, witness.key, 0, 3)
        renewed.ask(witness, witness.key, 3, 8)
        with pytest.raises(NoteNotSigned):
            verify_note(renewed.note(8), [log.key])


def test_the_witness_needs_one_package_and_no_django():
    """So that it runs on a host that has nothing of the site, and cannot reach its database."""
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import records.witness.__main__\n"
        "print({name.partition('.')[0] for name in set(sys.modules) - before"
        " if 'site-packages' in (getattr(sys.modules[name], '__file__', None) or '')})"
    )
    loaded = subprocess.run([sys.executable, "-c", code], cwd=BASE_DIR, capture_output=True, text=True, check=True)
    assert ast.literal_eval(loaded.stdout) - {"_cffi_backend"} == {"cryptography"}


def test_a_stop_signal_ends_it_cleanly(own_witness: RunningWitness):
    assert own_witness.process is not None
    own_witness.process.send_signal(signal.SIGINT)
    assert own_witness.process.wait(30) == 0


def test_it_says_what_it_cosigned_and_refused_and_no_secret(own_witness: RunningWitness, log: SmallLog):
    log.ask(own_witness, own_witness.key, 0, 3)
    with pytest.raises(Refusal):
        log.ask(own_witness, own_witness.key, 0, 2)
    secret = own_witness.key_file.read_text().splitlines()[1]
    own_witness.stop()
    said = "\n".join(own_witness.said)
    assert f"cosigned {log.key.name} at 3 leaves" in said
    assert "last cosigned 3 leaves of this log, not 0" in said
    assert secret not in said
