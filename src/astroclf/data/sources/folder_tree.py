"""Recursive listing of a folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from astroclf.errors import UserError, listed, shortened

# Leftovers of operating systems and network drives.
IGNORED = {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "lost+found"}

Parts = tuple[str, ...]  # a path below the root
Inode = tuple[int, int]  # device and number of a folder


@dataclass(frozen=True)
class Tree:
    """folders and files: sorted paths below the root; neither hidden ones nor system leftovers."""

    folders: list[Parts]
    files: list[Parts]


def read_tree(root: Path) -> Tree:
    """Return the folders and files below the root, links followed.

    Raise UserError if a folder cannot be read or a name is not UTF-8.
    """
    tree = Tree([], [])
    pending: list[tuple[Parts, frozenset[Inode]]] = [((), frozenset())]
    while pending:
        parts, above = pending.pop()
        inode, names = read_folder(root.joinpath(*parts), "dataset.root")
        if inode in above:  # a link to a parent folder
            continue
        for name, is_folder in names:
            below = (*parts, name)
            if is_folder:
                tree.folders.append(below)
                pending.append((below, above | {inode}))
            else:
                tree.files.append(below)
    _require_utf8(root, [*tree.folders, *tree.files])
    return Tree(sorted(tree.folders), sorted(tree.files))


def read_folder(folder: Path, key: str) -> tuple[Inode, list[tuple[str, bool]]]:
    """Return the inode of a folder, and (name, is a folder) for each entry but leftovers and hidden ones.

    Raise UserError that names the key of the settings if it cannot be read.
    """
    try:
        status = folder.stat()
        with os.scandir(folder) as entries:
            names = [
                (entry.name, _is_folder(entry))
                for entry in entries
                if not entry.name.startswith(".") and entry.name.lower() not in IGNORED
            ]
    except OSError as error:
        raise UserError(
            f"{key}: {shortened(str(folder))} cannot be read as a folder ({error.strerror}). "
            "Give a folder of images with permission to read everything below it."
        ) from error
    return (status.st_dev, status.st_ino), names


def _is_folder(entry: os.DirEntry[str]) -> bool:
    is_link = entry.is_symlink()  # DirEntry.is_dir raises for a link to itself
    return Path(entry.path).is_dir() if is_link else entry.is_dir()


def _require_utf8(root: Path, paths: list[Parts]) -> None:
    """Raise UserError if the last part of a path is not UTF-8, as names from old archives are not."""
    wrong = [parts for parts in paths if not _is_utf8(parts[-1])]
    if wrong:
        texts = (os.fsencode("/".join(parts)).decode(errors="backslashreplace") for parts in wrong)
        raise UserError(
            f"dataset.root={root}: names that are not UTF-8: {listed(texts)}. Rename them."
        )


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
