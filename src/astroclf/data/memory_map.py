"""Reads of memory-mapped arrays larger than memory, with bounded resident memory."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np

LARGE_BYTES = 2**30  # smaller maps stay resident, so that their pages are read once
RELEASE_BYTES = 2**28  # read between two releases of pages


class BoundedReader:
    """Rows of an array, copied; pages of a large memory map are released after every 256 MiB.

    Pages of a map that were read count as memory of the process, up to the size of the whole file.
    """

    def __init__(self, array: np.ndarray) -> None:
        # Rows of a transposed array are copied many times faster in the order of their memory.
        inner = sorted(range(1, array.ndim), key=lambda axis: -array.strides[axis])
        self._in_memory_order = array.transpose(0, *inner)
        self._axes = (0, *(1 + inner.index(axis) for axis in range(1, array.ndim)))
        self._map = _memory_map(array) if array.nbytes > LARGE_BYTES else None
        self._bytes_read = 0

    def read(self, rows: np.ndarray | slice) -> np.ndarray:
        """Return a copy of the rows, in the order of their memory."""
        values = np.array(self._in_memory_order[rows], copy=isinstance(rows, slice) or None)
        if self._map is not None:
            self._bytes_read += values.nbytes
            if self._bytes_read >= RELEASE_BYTES:
                self._bytes_read = 0
                self._map.madvise(mmap.MADV_DONTNEED)
        return values.transpose(self._axes)

    def chunks(self, rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
        """Yield copies of the rows, so many at a time."""
        for start in range(0, len(rows), size):
            yield self.read(rows[start : start + size])


def _memory_map(array: np.ndarray) -> mmap.mmap | None:
    """Return the read-only map behind an array or a view of it; None if there is none."""
    mode: str | None = None
    base: Any = array
    while isinstance(base, np.ndarray):
        mode, base = getattr(base, "mode", mode), base.base
    # Dropping pages of a private map (copy on write) would lose what was written to them.
    is_read_only = mode == "r" and isinstance(base, mmap.mmap)
    return base if is_read_only and hasattr(mmap, "MADV_DONTNEED") else None
