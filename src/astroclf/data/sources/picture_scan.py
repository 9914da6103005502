"""Hashes of the images of one large array, which are computed once and kept in the cache."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from astroclf.data.picture_hashes import hash_pictures
from astroclf.data.store import Notes, cached_images, new_images


@dataclass(frozen=True, eq=False)
class PictureScan:
    """hashes: (N, 16) uint8, see `hash_pictures`. not_finite: number of images with NaN or infinity."""

    hashes: np.ndarray
    not_finite: int


def scan_pictures(images: np.ndarray, cache: Path, key: str) -> PictureScan:
    """Return what takes a read of all images, done once for a key of the cache."""

    def build(draft: Path) -> Notes:
        not_finite: list[int] = []
        hashes = hash_pictures(images, lambda chunk: not_finite.append(_count_not_finite(chunk)))
        new_images(draft, hashes.shape, hashes.dtype)[:] = hashes
        return {"not_finite": sum(not_finite)}

    stored = cached_images(cache, f"scan-{key}", build)
    return PictureScan(stored.images, stored.notes["not_finite"])


def _count_not_finite(chunk: np.ndarray) -> int:
    if chunk.dtype.kind != "f":
        return 0
    return int((~np.isfinite(chunk).all(axis=(1, 2, 3))).sum())
