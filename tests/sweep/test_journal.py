"""The journal of a study: what a kill, a full disk or a flipped byte does to it."""

from __future__ import annotations

import errno
import json
import os
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from astroclf.errors import UserError
from astroclf.sweep.journal import Journal
from astroclf.sweep.storage import open_storage


def run_trials(storage: JournalStorage, n_trials: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(study_name="s", storage=storage, load_if_exists=True)
    for _ in range(n_trials):
        trial = study.ask()
        study.tell(trial, trial.suggest_float("optimizer.lr", 0, 1))
    return study


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The journal of five trials."""
    run_trials(JournalStorage(Journal(tmp_path / "study.journal")), 5)
    return tmp_path / "study.journal"


@pytest.fixture(autouse=True)
def reopened() -> Iterator[None]:
    open_storage.cache_clear()
    yield
    open_storage.cache_clear()


def n_complete(file: Path) -> int:
    """Trials that are complete after the journal was opened; two more can be added, read by a second process."""
    open_storage.cache_clear()
    storage: Any = open_storage(None, file.parent)
    study = run_trials(storage, 0)
    complete = len(study.get_trials(states=(optuna.trial.TrialState.COMPLETE,)))
    run_trials(storage, 2)
    second = run_trials(JournalStorage(Journal(file)), 0)
    assert len(second.get_trials(states=(optuna.trial.TrialState.COMPLETE,))) == complete + 2
    return complete


def test_optuna_reads_the_journal(file: Path) -> None:
    study = optuna.load_study(study_name="s", storage=JournalStorage(JournalFileBackend(str(file))))
    assert len(study.trials) == 5
    assert all(trial.value == trial.params["optimizer.lr"] for trial in study.trials)


def test_a_journal_written_by_optuna_is_continued(tmp_path: Path) -> None:
    file = tmp_path / "study.journal"
    run_trials(JournalStorage(JournalFileBackend(str(file))), 3)
    assert n_complete(file) == 3


@pytest.mark.parametrize(
    "tear",
    [
        lambda text: text[:-20],
        lambda text: text[:-1],
        lambda text: text + b"\0" * 4096,
        lambda text: text[:-20] + b"\0" * 20,
        lambda text: text + b'{"op_code":4,"wor',
        lambda text: text + b"half\n",
    ],
    ids=["half a line", "no newline", "zeros", "zeroed half", "half a new line", "no event"],
)
def test_a_torn_tail_is_cut_with_a_warning(
    file: Path, tear: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    file.write_bytes(tear(file.read_bytes()))
    assert n_complete(file) in (4, 5)
    assert "its end was damaged" in caplog.text


@pytest.mark.parametrize(
    ("damage", "number"),
    [
        (lambda lines: [*lines[:3], b"\0" * len(lines[3]) + b"\n", *lines[4:]], 4),
        (lambda lines: [*lines[:3], lines[3].replace(b"1", b"2", 1), *lines[4:]], 4),
        (lambda lines: [*lines[:3], *lines[4:]], 4),
        (lambda lines: [*lines[:4], lines[3], *lines[4:]], 5),
    ],
    ids=["zeros", "altered", "missing", "twice"],
)
def test_a_damaged_line_in_the_middle_is_refused_by_its_number(
    file: Path, damage: Callable[[list[bytes]], list[bytes]], number: int
) -> None:
    before = b"".join(damage(file.read_bytes().splitlines(keepends=True)))
    file.write_bytes(before)
    with pytest.raises(UserError, match=f"study.journal: line {number} is damaged"):
        open_storage(None, file.parent)
    assert file.read_bytes() == before


def test_a_full_disk_leaves_the_journal_as_it_was(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, before = Journal(file), file.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr("os.fsync", fail)
        with pytest.raises(OSError, match="No space left"):
            journal.append_logs([{"op_code": 4, "worker_id": "w"}])
    assert file.read_bytes() == before
    assert n_complete(file) == 5


def test_an_incomplete_line_of_another_process_is_cut_before_the_next_event(file: Path) -> None:
    storage = JournalStorage(Journal(file))
    with file.open("ab") as stream:
        stream.write(b'{"op_code":4,')
    assert len(run_trials(storage, 1).trials) == 6
    assert all(json.loads(line) for line in file.read_text().splitlines())


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("/proc/nowhere/x")])
def test_a_journal_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "study.journal")
    with pytest.raises(
        UserError, match=r"study.journal cannot be read or written \(.*the same command"
    ):
        open_storage(None, tmp_path)


def test_a_damaged_sqlite_file_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("astroclf.sweep.storage.PAUSES_S", ())
    (tmp_path / "s.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(UserError, match=r"the file is damaged\. Restore it"):
        open_storage(f"sqlite:///{tmp_path}/s.db", tmp_path)


def mutate(text: bytes, rng: random.Random) -> bytes:
    """Cut, zero, flip, insert or remove bytes at a random place."""
    at, length = rng.randrange(len(text)), rng.choice((1, 1, 3, 40, 400))
    kind = rng.choice(("cut", "zeros", "flip", "insert", "remove", "tail of zeros"))
    if kind == "cut":
        return text[:at]
    if kind == "zeros":
        return text[:at] + b"\0" * len(text[at : at + length]) + text[at + length :]
    if kind == "flip":
        return text[:at] + bytes([text[at] ^ 1 << rng.randrange(8)]) + text[at + 1 :]
    if kind == "insert":
        return text[:at] + rng.randbytes(length) + text[at:]
    if kind == "remove":
        return text[:at] + text[at + length :]
    return text + b"\0" * length


def go_on(file: Path, text: bytes) -> list[float | None] | str:
    """The values of the trials that a study with this journal still has, or the sentence that refuses it."""
    file.write_bytes(text)
    open_storage.cache_clear()
    try:
        storage: Any = open_storage(None, file.parent)
    except UserError as refused:
        return str(refused)
    return [trial.value for trial in run_trials(storage, 1).trials[:-1] if trial.value is not None]


@pytest.mark.parametrize("n_mutations", [60, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_mutated_journal_is_repaired_or_refused(file: Path, n_mutations: int) -> None:
    text, rng = file.read_bytes(), random.Random(0)
    values = [trial.value for trial in run_trials(JournalStorage(Journal(file)), 0).trials]
    ended = [go_on(file, mutate(text, rng)) for _ in range(n_mutations)]
    refused = [each for each in ended if isinstance(each, str)]
    assert all(re.fullmatch(r"[^\n]+\.", sentence) for sentence in refused)
    repaired = [each for each in ended if not isinstance(each, str)]
    assert all(found == values[: len(found)] for found in repaired)
    assert 0.2 < len(repaired) / n_mutations < 0.9
