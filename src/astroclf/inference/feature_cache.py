"""On-disk feature cache, shared across runs and processes."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from astroclf.data.augment import VIEWS
from astroclf.data.store import as_cache_error, entry_lock, require_room, unreadable_entry
from astroclf.files import replace_file
from astroclf.integrity import ChecksummedWriter, hash_bytes, read_trailer

N_VIEWS = max(VIEWS.values())
FEATURES, CHECKSUMS = "features.f32", "checksums.npy"
FLOAT = np.dtype("<f4")
CHECKED_BYTES = 64 << 20  # of rows compared with their checksums when a store is opened

log = logging.getLogger(__name__)


class FeatureStore:
    """Feature cache of N images in their exact views, filled as far as features were computed.

    A folder of the cache with `features.f32`, (V, N, F) little-endian float32 without a header, and
    `checksums.npy`, (V, N) uint64: the checksum of each row, 0 for a missing one. Missing rows take
    no space on most disks (sparse files). Rows that do not match their checksum are computed again;
    of a large store a sample is checked, and every row if the sample has damage. The folder may be
    deleted at any time.
    """

    def __init__(self, cache: Path, key: str, n_images: int) -> None:
        """key: a hash of everything that the features depend on, see `features_key`."""
        self.cache = cache
        self.name = f"features-{key}"
        self.folder = cache / self.name
        self.n_images = n_images

    def missing(self, wanted: np.ndarray) -> np.ndarray:
        """Return which of the wanted features must be computed, both (V, N) bool.

        Raises UserError if the store cannot be read.
        """
        try:
            return wanted & ~self._intact(wanted)
        except OSError as error:
            raise unreadable_entry(self.folder, error) from error

    def read(self) -> np.ndarray:
        """Return (V, N, F) float32, a read-only memory map; missing rows are 0."""
        return np.memmap(self.folder / FEATURES, FLOAT, mode="r").reshape(
            N_VIEWS, self.n_images, -1
        )

    def fill(
        self,
        wanted: np.ndarray,
        compute: Callable[[int, np.ndarray], Iterable[np.ndarray]],
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        """Compute the features that are wanted and missing, and keep each view that is complete.

        wanted: (V, N) bool. compute: returns the features of a view of the images at these
        positions, in their order, in pieces of (n, F) float32. prepare: called once before them, if
        anything is computed. Of several processes that fill a store at once, each computes what the
        ones before it have left.

        Raises UserError if the cache cannot be read or written.
        """
        with entry_lock(self.cache, self.name):
            missing = self.missing(wanted)
            if missing.any():
                log.debug("computing %d of %d features", missing.sum(), wanted.sum())
                prepare()
            for view in np.flatnonzero(missing.any(axis=1)).tolist():
                positions = np.flatnonzero(missing[view])
                self._write(view, positions, compute(view, positions), int(missing[view:].sum()))

    def _write(
        self, view: int, positions: np.ndarray, pieces: Iterable[np.ndarray], n_left: int
    ) -> None:
        """n_left: number of rows that the disk must have space for."""
        stream: BinaryIO | None = None
        checksums: list[int] = []
        try:
            for rows in pieces:
                with as_cache_error(self.cache):
                    stream = stream or self._open(rows.shape[1], n_left)
                    # Not through a memory map: on a full disk, that ends the process with SIGBUS.
                    for row in rows.astype(FLOAT, copy=False):
                        index = view * self.n_images + positions[len(checksums)]
                        stream.seek(int(index) * row.nbytes)
                        stream.write(row.tobytes())
                        checksums.append(_checksum(row))
            if stream is not None:
                with as_cache_error(self.cache):
                    self._finish(stream, view, positions, checksums)
        finally:
            if stream is not None:
                with suppress(OSError):  # the error of the write was raised above
                    stream.close()

    def _finish(
        self, stream: BinaryIO, view: int, positions: np.ndarray, checksums: list[int]
    ) -> None:
        """Flush the rows to the disk, and only then their checksums."""
        stream.flush()
        os.fsync(stream.fileno())
        # If the cache was deleted meanwhile, another store may have this path.
        if not os.path.samestat(os.fstat(stream.fileno()), (self.folder / FEATURES).stat()):
            raise OSError(f"{self.folder.name} was deleted while it was written")
        stored = self._checksums()
        stored[view, positions[: len(checksums)]] = checksums
        with replace_file(self.folder / CHECKSUMS) as file:
            writer = ChecksummedWriter(file)
            np.save(writer, stored)
            writer.write_trailer()

    def _open(self, width: int, n_left: int) -> BinaryIO:
        """Open the features for writing; recreate a store that is empty or of another width."""
        row_bytes = width * FLOAT.itemsize
        require_room(self.cache, n_left * row_bytes)
        size = N_VIEWS * self.n_images * row_bytes
        file = self.folder / FEATURES
        if not self._checksums().any() or file.stat().st_size != size:
            if self.folder.exists():
                shutil.rmtree(self.folder)
            self.folder.mkdir()
            with file.open("wb") as stream:
                stream.truncate(size)
        return file.open("rb+")

    def _intact(self, wanted: np.ndarray) -> np.ndarray:
        """Return (V, N) bool: rows that are stored and, if they are wanted, match their checksums."""
        stored = self._checksums()
        intact: np.ndarray = stored != 0
        rows = np.argwhere(intact & wanted)
        if len(rows) == 0:
            return intact
        features = self.read()
        checked = max(1, CHECKED_BYTES // max(1, features[0, 0].nbytes))
        sample = rows[np.linspace(0, len(rows) - 1, min(checked, len(rows))).astype(int)]
        if not _damaged(features, stored, sample):
            return intact
        damaged = _damaged(features, stored, rows)
        log.warning(
            "%d cached features in %s are damaged: computing them again.",
            len(damaged),
            self.folder,
        )
        for view, position in damaged:
            intact[view, position] = False
        return intact

    def _checksums(self) -> np.ndarray:
        """Return (V, N) uint64, all 0 if the store is missing or incomplete."""
        none = np.zeros((N_VIEWS, self.n_images), np.uint64)
        try:
            size = (self.folder / FEATURES).stat().st_size
            if not read_trailer(self.folder / CHECKSUMS):
                return none
            stored: np.ndarray = np.load(self.folder / CHECKSUMS)
        except (FileNotFoundError, NotADirectoryError):
            return none
        is_whole = size > 0 and size % (none.size * FLOAT.itemsize) == 0
        return stored if is_whole and stored.shape == none.shape else none


def _damaged(features: np.ndarray, stored: np.ndarray, rows: np.ndarray) -> list[tuple[int, int]]:
    """Return those rows, (view, position), that do not match their checksums."""
    return [
        (view, position)
        for view, position in rows.tolist()
        if _checksum(features[view, position]) != stored[view, position]
    ]


def _checksum(row: np.ndarray) -> int:
    """Return 64 bits of the checksum of a row, never 0."""
    return int(hash_bytes(row.tobytes())[:16], 16) or 1
