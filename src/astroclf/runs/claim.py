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
from astroclf.runs.folder import HYDRA_RECORD, LOCK, LOG, RunFolder


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
        log = self.folder / LOG
        new = {path.name for path in self.folder.iterdir()} - self.found
        if new <= {LOCK, HYDRA_RECORD, LOG} and not (LOG in new and log.stat().st_size):
            own = [self.folder / name for name in (LOCK, LOG) if name in new]
            record = self.folder / HYDRA_RECORD
            if HYDRA_RECORD in new and not record.is_symlink():
                own += [record / name for name in ("config.yaml", "hydra.yaml", "overrides.yaml")]
            for file in own:
                file.unlink(missing_ok=True)
            _remove_empty([*([record] if HYDRA_RECORD in new else []), *self.made])
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
    results = RunFolder(folder).results
    if results:
        claim.discard()
        resume = (
            f", or resume that run: {run_command(resume=folder)}"
            if RunFolder(folder).is_resumable
            else ""
        )
        raise UserError(
            f"{key}={folder} holds results already ({listed(results, 3)}). Give another folder{resume}."
        )
    if (folder / HYDRA_RECORD / "config.yaml").exists() and not (folder / LOG).exists():
        claim.discard()
        raise UserError(
            f"{key}={folder} holds the record of another program that uses Hydra ({HYDRA_RECORD}/), which "
            "this run would overwrite. Give another folder."
        )
    return claim


def claim_resumed(folder: Path) -> Claim:
    """Use the folder of a run that is resumed.

    Raises UserError if another process uses it, or trains it as one of several.
    """
    parent = folder.absolute().parent
    if RunFolder(parent).manifest.is_file():
        lock_folder(parent, (), f"resume={parent}").release()
    return lock_folder(folder, (), f"resume={folder}")


def lock_folder(folder: Path, made: tuple[Path, ...], shown: str) -> Claim:
    found = frozenset(path.name for path in folder.iterdir())
    lock = try_lock(folder / LOCK)
    if lock is None:
        holder = describe_holder(folder / LOCK)
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
