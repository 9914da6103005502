"""Exclusive use of a run folder: one process at a time, and nothing of the user's is overwritten."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from astroclf.commands import run_command
from astroclf.errors import UserError, listed
from astroclf.locks import describe_holder, try_lock

LOCK_FILE = ".lock"
RECORD = ".hydra"  # Hydra's record of the settings
LOG_FILE = "run.log"
CHECKPOINT_FILE = "checkpoint/last.pt"
REPEAT_FILE = "repeat.json"  # which of several trainings are done
# What a run writes before its first step, and after: a fresh run must not find it.
PREPARED = ("leaks.csv", "mlflow.json", "skipped.csv", "split.csv")
RESULTS = (
    "benchmark.json", "bundle", CHECKPOINT_FILE, "history.csv", "metrics.json", "predictions.csv", REPEAT_FILE,
    "report.html",
)  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """A folder that this process alone uses until it releases it, or ends.

    made: the folders that the claim made, the innermost first. found: the names that were in it.
    """

    folder: Path
    lock: FileLock
    made: tuple[Path, ...]
    found: frozenset[str]

    def release(self) -> None:
        """Let other processes use the folder."""
        self.lock.release()

    def discard(self) -> None:
        """Remove what this process made, if the run left nothing but its settings and an empty log.

        What was in the folder before stays, and so does a folder that was there.
        """
        log = self.folder / LOG_FILE
        new = {path.name for path in self.folder.iterdir()} - self.found
        if new <= {LOCK_FILE, RECORD, LOG_FILE} and not (LOG_FILE in new and log.stat().st_size):
            own = [self.folder / name for name in (LOCK_FILE, LOG_FILE) if name in new]
            record = self.folder / RECORD
            if RECORD in new and not record.is_symlink():
                own += [record / name for name in ("config.yaml", "hydra.yaml", "overrides.yaml")]
            for file in own:
                file.unlink(missing_ok=True)
            _remove_empty([*([record] if RECORD in new else []), *self.made])
        self.release()


def claim_fresh(folder: Path) -> Claim:
    """Make a folder that does not exist yet, with a suffix where the name is taken."""
    for number in itertools.count(1):
        free = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        try:
            made = _make(free)
        except FileExistsError:
            continue
        return lock_folder(free, made, str(free))
    raise AssertionError  # the count has no end


def claim_named(folder: Path, key: str) -> Claim:
    """Use the folder that the user named in the setting `key`, made if it does not exist.

    Raises UserError if another process uses it, or if it holds results that would be overwritten.
    """
    made: tuple[Path, ...] = ()
    if not folder.exists():
        with suppress(FileExistsError):  # another process was faster, and its lock decides
            made = _make(folder)
    if not folder.is_dir():
        raise UserError(f"{key}={folder} is a file: give a folder.")
    claim = lock_folder(folder, made, f"{key}={folder}")
    results = results_in(folder)
    if results:
        claim.discard()
        resume = f", or resume that run: {run_command(resume=folder)}" if is_run(folder) else ""
        raise UserError(
            f"{key}={folder} holds results already ({listed(results, 3)}). Give another folder{resume}."
        )
    if (folder / RECORD / "config.yaml").exists() and not (folder / LOG_FILE).exists():
        claim.discard()
        raise UserError(
            f"{key}={folder} holds the record of another program that uses Hydra ({RECORD}/), which "
            "this run would overwrite. Give another folder."
        )
    return claim


def claim_resumed(folder: Path) -> Claim:
    """Use the folder of a run that is resumed.

    Raises UserError if another process uses it, or trains it as one of several.
    """
    parent = folder.absolute().parent
    if (parent / REPEAT_FILE).is_file():
        lock_folder(parent, (), f"resume={parent}").release()
    return lock_folder(folder, (), f"resume={folder}")


def is_run(folder: Path) -> bool:
    """Return whether the folder holds a run that can be resumed."""
    return any((folder / name).is_file() for name in (CHECKPOINT_FILE, REPEAT_FILE))


def results_in(folder: Path) -> list[str]:
    """Return the names of the results of a run that a folder holds.

    What a run writes before its first step counts only where no run has left its record: one that was
    killed that early has no results, and may start again in its folder.
    """
    names = RESULTS if (folder / RECORD).is_dir() else (*RESULTS, *PREPARED)
    return [name for name in names if (folder / name).exists()]


def lock_folder(folder: Path, made: tuple[Path, ...], shown: str) -> Claim:
    found = frozenset(path.name for path in folder.iterdir())
    lock = try_lock(folder / LOCK_FILE)
    if lock is None:
        holder = describe_holder(folder / LOCK_FILE)
        raise UserError(f"{shown} is in use by {holder}. Wait for its end, or stop it.")
    # Hydra may change the working directory before the claim is discarded.
    return Claim(folder.absolute(), lock, tuple(each.absolute() for each in made), found)


def _make(folder: Path) -> tuple[Path, ...]:
    """Make a folder and the missing ones above it; return those made, the innermost first.

    Raises FileExistsError if the folder exists, OSError if it cannot be made.
    """
    missing = list(itertools.takewhile(lambda parent: not parent.exists(), folder.parents))
    made = []
    for parent in reversed(missing):
        try:
            parent.mkdir()
        except FileExistsError:
            continue  # another process was faster
        made.append(parent)
    folder.mkdir()
    return (folder, *reversed(made))


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders in this order, up to the first that holds something."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()
