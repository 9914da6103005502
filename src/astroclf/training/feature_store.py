"""What a frozen backbone said of which images: kept on disk, so that nobody asks it twice."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from astroclf.data.augment import VIEWS
from astroclf.data.store import as_cache_error, locked, require_room

N_VIEWS = max(VIEWS.values())
FEATURES, DONE = "features.npy", "done.npy"


class FeatureStore:
    """The features of N images in their exact views, as far as they were ever asked for.

    A folder of the cache with `features.npy`, (V, N, F) float32, and `done.npy`, (V, N) bool: which
    of its rows are true features. What is not done takes no room on most disks. The folder may be
    deleted at any time; one that is not whole is begun anew.
    """

    def __init__(self, cache: Path, key: str, n_images: int) -> None:
        """key: changes with everything that the features depend on."""
        self.cache = cache
        self.name = f"features-{key}"
        self.folder = cache / self.name
        self.n_images = n_images

    def missing(self, wanted: np.ndarray) -> np.ndarray:
        """Those of the views that are wanted which are not there yet, both (V, N) bool."""
        missing: np.ndarray = wanted & ~self._done()
        return missing

    def read(self) -> np.ndarray:
        """(V, N, F) float32, a read-only memory map; rows that nobody asked for are zero."""
        features: np.ndarray = np.load(self.folder / FEATURES, mmap_mode="r")
        return features

    def fill(
        self,
        wanted: np.ndarray,
        compute: Callable[[int, np.ndarray], Iterable[np.ndarray]],
    ) -> None:
        """Have those computed that are wanted and missing. An interrupted pass keeps whole views.

        wanted: (V, N) bool. compute: gives the features of a view of the images at these positions,
        in their order, in pieces of (n, F) float32. Of several processes that fill a store at once,
        each computes what the ones before it have left.

        Raises UserError where the cache cannot be written.
        """
        with locked(self.cache, self.name):
            missing = self.missing(wanted)
            for view in np.flatnonzero(missing.any(axis=1)).tolist():
                positions = np.flatnonzero(missing[view])
                self._write(view, positions, compute(view, positions), int(missing[view:].sum()))

    def _write(
        self, view: int, positions: np.ndarray, pieces: Iterable[np.ndarray], room: int
    ) -> None:
        """room: for how many rows there must be room on the disk."""
        features: np.memmap | None = None
        start = 0
        for rows in pieces:
            if features is None:
                with as_cache_error(self.cache):
                    features = self._open(rows.shape[1], room)
                    opened = (self.folder / FEATURES).stat()
            features[view, positions[start : start + len(rows)]] = rows
            start += len(rows)
        if features is None:
            return
        with as_cache_error(self.cache):
            features.flush()  # before they are said to be there
            # Where the cache was deleted meanwhile, another store may have taken this place.
            if not os.path.samestat(opened, (self.folder / FEATURES).stat()):
                raise OSError(f"{self.folder.name} vanished while it was written")
            self._mark(view, positions[:start])

    def _open(self, width: int, room: int) -> np.memmap:
        require_room(self.cache, room * width * np.dtype(np.float32).itemsize)
        file = self.folder / FEATURES
        if not self._done().any():
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()
            shape = (N_VIEWS, self.n_images, width)
            return np.lib.format.open_memmap(file, mode="w+", dtype=np.float32, shape=shape)
        return np.lib.format.open_memmap(file, mode="r+")

    def _mark(self, view: int, positions: np.ndarray) -> None:
        done = self._done()
        done[view, positions] = True
        draft = self.folder / f"draft-{DONE}"
        np.save(draft, done)
        draft.replace(self.folder / DONE)

    def _done(self) -> np.ndarray:
        """(V, N) bool; nothing is done where the store is not whole."""
        expected = (N_VIEWS, self.n_images)
        try:
            done: np.ndarray = np.load(self.folder / DONE)
            if done.shape == expected and self.read().shape[:2] == expected:
                return done
        except (OSError, ValueError, EOFError):
            pass
        return np.zeros(expected, dtype=bool)
