"""Every file below a folder, by its path from there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from astroclf.errors import UserError, listed

# Leftovers of operating systems and network drives.
IGNORED = {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "lost+found"}

Parts = tuple[str, ...]  # a path below the root


@dataclass(frozen=True)
class Tree:
    """folders and files: sorted paths below the root; neither hidden ones nor system leftovers."""

    folders: list[Parts]
    files: list[Parts]


def read_tree(root: Path) -> Tree:
    """Return what lies below the root, links followed.

    Raise UserError if a folder cannot be read or a name is not UTF-8.
    """
    folders: list[Parts] = []
    files: list[Parts] = []
    for parts, is_folder in _walk(root, (), ()):
        (folders if is_folder else files).append(parts)
    unreadable = [parts for parts in (*folders, *files) if not _is_utf8(parts[-1])]
    if unreadable:
        named = listed(os.fsencode("/".join(parts)).decode("utf-8", "backslashreplace") for parts in unreadable)  # fmt: skip
        raise UserError(
            f"dataset.root={root}: {len(unreadable):,} names are not UTF-8, {named}. Rename them."
        )
    return Tree(sorted(folders), sorted(files))


def _walk(
    folder: Path, parts: Parts, above: tuple[tuple[int, int], ...]
) -> Iterator[tuple[Parts, bool]]:
    """Yield each path below the folder, and whether it is a folder.

    above: device and inode of the folders that lead here, so that a link to one of them ends there.
    """
    try:
        status = folder.stat()
        here = (status.st_dev, status.st_ino)
        entries = [] if here in above else list(os.scandir(folder))
    except OSError as error:
        raise UserError(
            f"dataset.root: the folder {folder} cannot be read ({error.strerror}). "
            "Change its permissions, or move it away."
        ) from error
    for entry in entries:
        if entry.name.startswith(".") or entry.name.lower() in IGNORED:
            continue
        below = (*parts, entry.name)
        is_folder = entry.is_dir()
        yield below, is_folder
        if is_folder:
            yield from _walk(folder / entry.name, below, (*above, here))


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
