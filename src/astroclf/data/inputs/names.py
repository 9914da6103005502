"""Names: a list of texts in a few bytes more than the texts, for millions of paths."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from astroclf.data.formats.registry import stem_of


class Names:
    """Read-only sequence of texts, kept as one string of UTF-8 and the end of each text in it."""

    def __init__(self, texts: Iterable[str]) -> None:
        content, ends = bytearray(), array("q", [0])
        for text in texts:
            content += text.encode("utf-8", "surrogateescape")
            ends.append(len(content))
        self._content, self._ends = bytes(content), ends

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, position: int) -> str:
        start, end = self._ends[position], self._ends[position + 1]
        return self._content[start:end].decode("utf-8", "surrogateescape")

    def __iter__(self) -> Iterator[str]:
        return (self[position] for position in range(len(self)))

    def digest(self) -> bytes:
        """Return a checksum of the texts."""
        digest = hashlib.blake2b(self._content, digest_size=16)
        digest.update(self._ends.tobytes())
        return digest.digest()


class FileIds:
    """Ids of images: the name of the file without extension, or what `identify` returns for its path,
    or the path where several images have that id."""

    def __init__(self, names: Names, identify: Callable[[str], str] = stem_of) -> None:
        self._names, self._identify = names, identify
        hashes = np.array([_hash(identify(name)) for name in names], np.uint64)
        values, counts = np.unique(hashes, return_counts=True)
        self._repeated = frozenset(values[counts > 1].tolist())

    def __getitem__(self, position: int) -> str:
        name = self._names[position]
        stem = self._identify(name)
        is_repeated = bool(self._repeated) and _hash(stem) in self._repeated
        return name if is_repeated else stem


def _hash(text: str) -> int:
    content = text.encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")
