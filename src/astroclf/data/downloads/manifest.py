"""Manifest of a folder of downloaded files: their SHA-256, in the format of `sha256sum`."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from astroclf.files import write_text

if TYPE_CHECKING:
    from astroclf.data.downloads.download import RemoteFile

MANIFEST = "SHA256SUMS"


class Manifest:
    """Checksums of the files below a folder; `sha256sum -c SHA256SUMS` verifies them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self.sums = _read(root / MANIFEST)

    def add(self, path: Path) -> None:
        """Record the checksum of a file. path: below the folder."""
        digest = _sha256(self.root / path)
        with self._lock:
            self.sums[path.as_posix()] = digest
            lines = [f"{self.sums[name]}  {name}\n" for name in sorted(self.sums)]
            write_text(self.root / MANIFEST, "".join(lines))

    def is_damaged(self, path: Path) -> bool:
        """Return whether a file differs from its recorded checksum; False where none is recorded."""
        known = self.sums.get(path.as_posix())
        return known is not None and known != _sha256(self.root / path)


def missing_files(root: Path, files: Sequence[RemoteFile]) -> list[RemoteFile]:
    """Return the files that are not there."""
    return [file for file in files if not (root / file.path).is_file()]


def damaged_files(root: Path, files: Sequence[RemoteFile]) -> list[RemoteFile]:
    """Return the files that are there and differ from their recorded checksums; this reads them all."""
    manifest = Manifest(root)
    return [
        file for file in files if (root / file.path).is_file() and manifest.is_damaged(file.path)
    ]


def _read(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    lines = (line.split(maxsplit=1) for line in file.read_text().splitlines())
    return {parts[1].strip(): parts[0] for parts in lines if len(parts) == 2}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
