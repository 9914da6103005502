"""Hashes of the pixels of each image, which find identical images."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import numpy as np

from astroclf.data.memory_map import BoundedReader
from astroclf.status import status

HASH_BYTES = 16
CHUNK_BYTES = 2**25  # read at a time


class PictureHashes:
    """Hashes of the pixels of each image (see `ImageDataset.picture_hashes`), computed when first used.

    compute: returns (N, 16) uint8; None reads all images. A source whose images are too large for
    that gives a function that keeps the result.
    """

    def __init__(
        self, images: np.ndarray, compute: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> None:
        self.images = images
        self._compute = compute or hash_pictures

    @cached_property
    def values(self) -> tuple[bytes, ...]:
        return tuple(row.tobytes() for row in self._compute(self.images))


def hash_pictures(
    images: np.ndarray, visit: Callable[[np.ndarray], object] | None = None
) -> np.ndarray:
    """Return the hash of every pixel of each image, (N, 16) uint8, read in chunks on all cores.

    visit: is called with each chunk too, so that the images need not be read again.
    """
    hashes = np.empty((len(images), HASH_BYTES), np.uint8)
    size = max(1, CHUNK_BYTES // max(1, images[:1].nbytes))
    reader = BoundedReader(images)
    starts = range(0, len(images), size)

    def fill(start: int) -> int:
        chunk = reader.read(slice(start, start + size))
        for position, image in enumerate(chunk, start):
            hashes[position] = np.frombuffer(_hash(image), np.uint8)
        if visit is not None:
            visit(chunk)
        return len(chunk)

    with (
        status("hashing the images", len(images), unit="image") as shown,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        for done in pool.map(fill, starts):
            shown.update(done)
    return hashes


def _hash(image: np.ndarray) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=HASH_BYTES).digest()
