"""Images of a folder and of all folders below it, or of a list of files."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from astroclf.data.file_pattern import FilePattern
from astroclf.data.formats.registry import suffix_reason
from astroclf.data.framing import Framed, Framing
from astroclf.data.inputs.names import FileIds, Names
from astroclf.data.inputs.source import ImageInput, Row
from astroclf.data.sources.folder_tree import Inode, read_folder


class FolderInput(ImageInput):
    """Images at any depth of a folder, in the order of their paths; by their pattern, one file per band.

    The list of files takes some 20 bytes beyond its path for each.
    """

    def __init__(self, title: str, folder: Path, framing: Framing) -> None:
        self.title, self._folder, self._framing = title, folder, framing
        left_out: Counter[str] = Counter()
        files = _image_names(folder, left_out)
        self._pattern = framing.file_pattern
        if self._pattern is None:
            self._names = Names(files)
            self._ids = FileIds(self._names)
        else:
            self._names = Names(self._pattern.images_among(files, left_out))
            self._ids = FileIds(self._names, self._pattern.id_of)
        self.left_out = dict(left_out)

    def __len__(self) -> int:
        return len(self._names)

    def fingerprint(self) -> str:
        return _fingerprint(self._folder, self._names, self._pattern)

    def row(self, position: int) -> Row:
        path = self._folder / self._names[position]
        return Row(readable(self._ids[position]), readable(str(path)))

    def prepare(self, position: int) -> Framed:
        name = self._names[position]
        if self._pattern is None:
            return self._framing.prepare(self._folder / name)
        files = [self._folder / file for file in self._pattern.files_of(name)]
        return self._framing.prepare([file if file.exists() else None for file in files])


class FilesInput(ImageInput):
    """Image files in the order given."""

    def __init__(self, title: str, files: Sequence[str], framing: Framing) -> None:
        self.title, self._framing = title, framing
        self.left_out = {}
        self._names = Names(files)
        self._ids = FileIds(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def fingerprint(self) -> str:
        return _fingerprint(Path(), self._names)

    def row(self, position: int) -> Row:
        return Row(readable(self._ids[position]), readable(self._names[position]))

    def prepare(self, position: int) -> Framed:
        return self._framing.prepare(Path(self._names[position]).expanduser())


def _image_names(folder: Path, left_out: Counter[str]) -> Iterator[str]:
    """Yield the paths of the images below a folder; count other files in left_out, by reason."""
    pending = [_entries(folder, "", frozenset())]
    while pending:
        above, entries = pending[-1]
        name = next(entries, None)
        if name is None:
            pending.pop()
        elif name.endswith("/"):
            pending.append(_entries(folder, name, above))
        elif (reason := suffix_reason(name)) is not None:
            left_out[reason] += 1
        else:
            yield name


def _entries(
    folder: Path, name: str, above: frozenset[Inode]
) -> tuple[frozenset[Inode], Iterator[str]]:
    """Return the folders down to this one, and the paths of its entries; folders end with a slash."""
    inode, entries = read_folder(folder / name, "predict.input")
    if inode in above:  # a link to a parent folder
        entries = []
    entries.sort()
    paths = (f"{name}{entry}{'/' if is_folder else ''}" for entry, is_folder in entries)
    return above | {inode}, paths


def readable(name: str) -> str:
    """Return a name that is not UTF-8, as names from old archives, with its bytes as \\xff."""
    return os.fsencode(name).decode(errors="backslashreplace")


def _fingerprint(folder: Path, names: Names, pattern: FilePattern | None = None) -> str:
    """Return a checksum of the names and sizes of files."""
    files = (
        names if pattern is None else (file for each in names for file in pattern.files_of(each))
    )
    sizes = np.fromiter((_size(folder / file) for file in files), np.int64)
    return hashlib.blake2b(names.digest() + sizes.tobytes(), digest_size=16).hexdigest()


def _size(file: Path) -> int:
    """Return the size of a file, -1 if it has none."""
    try:
        return os.stat(file).st_size  # noqa: PTH116 - a million times
    except OSError:
        return -1
