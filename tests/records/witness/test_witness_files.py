"""The witness's key and state: made once, for the owner only, and refused when they are not its own."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from records.ledger import notes
from records.ledger.notes import SignatureType, VerifierKey
from records.ledger.submissions import Submission
from records.witness.__main__ import main, open_identity, parse_listen
from records.witness.errors import StateNotWritten
from records.witness.keeping import Witness
from records.witness.state import StateFile
from tests.witnesses import SmallLog

pytestmark = pytest.mark.clause("11.10(e)")


class Files:
    """The files of one witness and its command, run in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.state, self.key = folder / "state.json", folder / "keys" / "witness.key"
        self.log = SmallLog()
        self._capsys = capsys

    def run(self, *more: str) -> tuple[int, str]:
        """Run the command, which must end by itself; return its code and what it said."""
        code = main(["--state", str(self.state), "--key", str(self.key), "--log", str(self.log.key), *more])
        captured = self._capsys.readouterr()
        return code, captured.out + captured.err

    def print_key(self) -> VerifierKey:
        code, said = self.run("--print-key")
        assert code == 0, said
        return notes.parse_verifier_key(said.strip())

    def witness(self) -> Witness:
        """Take the files up as the process does."""
        state = StateFile(self.state)
        identity = open_identity(self.key, state, "")
        return Witness(identity.key, identity.sign, [self.log.key], state, lambda: 1_700_000_000)

    def cosign(self, size: int) -> None:
        """Have the first checkpoint cosigned."""
        self.witness().cosign(Submission(0, (), self.log.note(size)))


@pytest.fixture
def files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Files:
    return Files(tmp_path / "witness", capsys)


def change_state(files: Files, change: Callable[[dict[str, str]], object]) -> None:
    state = json.loads(files.state.read_bytes())
    state["checkpoints"] = change(state["checkpoints"])
    files.state.write_text(json.dumps(state))


def damage_json(files: Files) -> None:
    files.state.write_bytes(files.state.read_bytes()[:-20])


def write_garbage(files: Files) -> None:
    files.state.write_bytes(b"\xff\x00garbage")


def write_a_list(files: Files) -> None:
    change_state(files, lambda notes: [1])


def write_another_format(files: Files) -> None:
    files.state.write_text(files.state.read_text().replace("witness/v1", "witness/v0"))


def write_a_number(files: Files) -> None:
    change_state(files, lambda notes: dict.fromkeys(notes, 8))


def write_half_a_pair(files: Files) -> None:
    change_state(files, lambda notes: dict.fromkeys(notes, "\ud800"))


def roll_back(files: Files) -> None:
    change_state(files, lambda notes: {origin: note.replace("\n8\n", "\n5\n") for origin, note in notes.items()})


def lose_cosignature(files: Files) -> None:
    change_state(files, lambda notes: {origin: note[: note.rindex("— ")] for origin, note in notes.items()})


def rename_log(files: Files) -> None:
    change_state(files, lambda notes: {f"other.{origin}": note for origin, note in notes.items()})


def lose_state(files: Files) -> None:
    files.state.unlink()


def lose_key(files: Files) -> None:
    files.key.unlink()


def open_key(files: Files) -> None:
    files.key.chmod(0o644)


def damage_key(files: Files) -> None:
    files.key.write_text("not a key")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (damage_json, "cannot be read as JSON"),
        (write_garbage, "cannot be read as JSON"),
        (write_a_list, "not written by this software"),
        (write_another_format, "not written by this software"),
        (write_a_number, "not cosigned by its key"),
        (write_half_a_pair, "not cosigned by its key"),
        (roll_back, "not cosigned by its key"),
        (lose_cosignature, "not cosigned by its key"),
        (rename_log, "is of another log"),
        (lose_state, "a rolled-back log would be cosigned"),
        (lose_key, "the key that made them is gone"),
        (open_key, "has mode 0644"),
        (damage_key, "is damaged"),
    ],
)
def test_files_that_are_not_its_own_are_refused_with_a_sentence(
    files: Files, damage: Callable[[Files], None], sentence: str
):
    files.cosign(8)
    assert files.witness().latest_note(files.log.key.name) is not None
    damage(files)
    code, said = files.run()
    assert (code, sentence in said) == (2, True), said


def test_another_witness_does_not_take_up_this_state(files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    files.cosign(8)
    other = Files(tmp_path / "other", capsys)
    assert other.print_key() != files.print_key()
    shutil.copy(files.state, other.state)
    code, said = other.run()
    assert (code, "not cosigned by its key" in said) == (2, True), said


def test_key_and_state_are_made_once_for_the_owner_only(files: Files):
    key = files.print_key()
    assert key == files.print_key()
    assert key.kind is SignatureType.COSIGNATURE
    assert key.name.startswith("countersign-witness/")
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (files.key, files.key.parent, files.state)]
    assert modes == [0o600, 0o700, 0o600]
    assert files.run("--name", "witness.example/w1", "--print-key")[1].startswith("witness.example/w1+")


def test_a_first_start_cut_off_before_the_key_can_be_done_again(files: Files):
    key = files.print_key()
    files.key.unlink()
    assert files.print_key() != key


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (["--listen", "nowhere"], "is not HOST:PORT"),
        (["--listen", "127.0.0.1:99999"], "is not HOST:PORT"),
        (["--log", "not-a-key"], "is not a verifier key"),
        (["--key", "witness.pem"], "ends in .key"),
        (["--name", "two words", "--print-key"], "has no space and no plus"),
    ],
)
def test_a_command_line_that_cannot_work_is_refused_with_a_sentence(files: Files, changes: list[str], sentence: str):
    code, said = files.run(*changes)
    assert (code, sentence in said) == (2, True), said


def test_the_key_of_a_witness_is_not_taken_for_a_log(files: Files):
    code, said = files.run("--log", str(files.print_key()))
    assert (code, "is the key of a witness" in said) == (2, True), said


def test_a_log_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["--state", str(tmp_path / "state.json"), "--key", str(tmp_path / "witness.key")])
    assert "--log is needed" in capsys.readouterr().err


def test_addresses_are_read():
    assert parse_listen("127.0.0.1:7390") == ("127.0.0.1", 7390)
    assert parse_listen("[::1]:0") == ("::1", 0)


def test_a_state_that_cannot_be_written_gives_no_cosignature(files: Files):
    witness = files.witness()
    witness.cosign(Submission(0, (), files.log.note(3)))
    grown = Submission(3, tuple(files.log.proof(3, 5)), files.log.note(5))
    kept = files.state.read_bytes()
    files.state.unlink()
    files.state.mkdir()  # nothing can be renamed over a folder, whoever tries
    with pytest.raises(StateNotWritten):
        witness.cosign(grown)
    assert [path for path in files.state.parent.iterdir() if path.name.startswith(".")] == []
    files.state.rmdir()
    files.state.write_bytes(kept)
    assert witness.latest_note(files.log.key.name) == files.witness().latest_note(files.log.key.name)
    assert witness.cosign(grown).name == witness.key.name


def test_the_state_is_on_the_disk_before_it_takes_its_name(files: Files, monkeypatch: pytest.MonkeyPatch):
    files.cosign(3)
    done: list[str] = []

    def record(name: str, real: Callable[..., object]) -> None:
        def call(*arguments: object) -> object:
            done.append(name)
            return real(*arguments)

        monkeypatch.setattr(os, name, call)

    record("fsync", os.fsync)
    record("replace", os.replace)
    StateFile(files.state).write({})
    assert done == ["fsync", "replace", "fsync"]


def test_the_lines_of_strangers_do_not_fill_the_state(files: Files):
    note = files.log.note(3)
    strangers = [notes.SignatureLine(f"stranger{number}", b"abcd", b"x" * 4000) for number in range(16)]
    files.witness().cosign(Submission(0, (), note.with_signatures(strangers)))
    kept = files.witness().latest_note(files.log.key.name)
    assert kept is not None
    assert [line.name for line in kept.signatures] == [files.log.key.name, files.print_key().name]
