"""Exclusive use of a run folder: one process at a time, without overwriting results."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from astroclf.commands import run_command
from astroclf.errors import UserError, listed
from astroclf.locks import describe_holder, try_lock
from astroclf.runs.folder import HYDRA_RECORD, LOCK, LOG, RunFolder


@dataclass(frozen=True)
class Claim:
    """Lock of a folder by this process, until it is released or the process ends.

    made: folders that the claim created, the innermost first. found: names that were in the folder.
    """

    folder: Path
    lock: FileLock
    made: tuple[Path, ...]
    found: frozenset[str]

    def release(self) -> None:
        """Release the lock."""
        self.lock.release()

    def discard(self) -> None:
        """Remove what this process created, if that is no more than the record of Hydra and an empty log.

        Files and folders that existed before are kept.
        """
        run = RunFolder(self.folder)
        new = {path.name for path in self.folder.iterdir()} - self.found
        if new <= {LOCK, HYDRA_RECORD, LOG} and not (LOG in new and run.log.stat().st_size):
            own = [file for file in (run.lock, run.log) if file.name in new]
            records = [run.hydra_record] if HYDRA_RECORD in new else []
            if records and not run.hydra_record.is_symlink():
                names = ("config.yaml", "hydra.yaml", "overrides.yaml")
                own += [run.hydra_record / name for name in names]
            for file in own:
                file.unlink(missing_ok=True)
            _remove_empty([*records, *self.made])
        self.release()


def claim_fresh(folder: Path) -> Claim:
    """Create a folder, with a number as suffix if the name is taken."""
    for number in itertools.count(1):
        free = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        try:
            made = _make(free)
        except FileExistsError:
            continue
        return lock_folder(free, made, str(free))
    raise AssertionError  # the count has no end


def claim_named(folder: Path, key: str) -> Claim:
    """Claim the folder that the user named in the setting `key`; it is created if it does not exist.

    Raises UserError if another process uses it, or if it holds results that would be overwritten.
    """
    made: tuple[Path, ...] = ()
    if not folder.exists():
        with suppress(FileExistsError):  # created by another process meanwhile; the lock decides
            made = _make(folder)
    if not folder.is_dir():
        raise UserError(f"{key}={folder} is a file: give a folder.")
    claim = lock_folder(folder, made, f"{key}={folder}")
    run = RunFolder(folder)
    if run.results:
        claim.discard()
        resume = f", or resume that run: {run_command(resume=folder)}" if run.is_resumable else ""
        raise UserError(
            f"{key}={folder} holds results already ({listed(run.results, 3)}). Give another folder{resume}."
        )
    if (run.hydra_record / "config.yaml").exists() and not run.log.exists():
        claim.discard()
        raise UserError(
            f"{key}={folder} holds the record of another program that uses Hydra ({HYDRA_RECORD}/), which "
            "this run would overwrite. Give another folder."
        )
    return claim


def claim_resumed(folder: Path) -> Claim:
    """Claim the folder of a run that is resumed.

    Raises UserError if another process uses it, or the run that it is a seed or a fold of.
    """
    parent = folder.absolute().parent
    if RunFolder(parent).manifest.is_file():
        lock_folder(parent, (), f"resume={parent}").release()
    return lock_folder(folder, (), f"resume={folder}")


def lock_folder(folder: Path, made: tuple[Path, ...], shown: str) -> Claim:
    """Claim a folder; `shown` names it in the error.

    Raises UserError if another process uses it.
    """
    found = frozenset(path.name for path in folder.iterdir())
    lock = try_lock(RunFolder(folder).lock)
    if lock is None:
        holder = describe_holder(RunFolder(folder).lock)
        raise UserError(f"{shown} is in use by {holder}. Wait for its end, or stop it.")
    # Hydra may change the working directory before the claim is discarded.
    return Claim(folder.absolute(), lock, tuple(each.absolute() for each in made), found)


def _make(folder: Path) -> tuple[Path, ...]:
    """Create a folder and the missing ones above it; return those created, the innermost first.

    Raises FileExistsError if the folder exists, OSError if it cannot be created.
    """
    missing = list(itertools.takewhile(lambda parent: not parent.exists(), folder.parents))
    made = []
    for parent in reversed(missing):
        try:
            parent.mkdir()
        except FileExistsError:
            continue  # created by another process meanwhile
        made.append(parent)
    folder.mkdir()
    return (folder, *reversed(made))


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders in this order, up to the first that is not empty."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()
