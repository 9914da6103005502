"""Pictures of a data set: images that are copies of each other, exact or near, show one picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from astroclf.data.duplicates.similar import find_similar
from astroclf.data.picture_hashes import PictureHashes

Search = Callable[[np.ndarray, np.ndarray], np.ndarray]


def find_none(images: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return no pair: the search of `dataset.near_duplicates=false`."""
    return np.empty((0, 2), np.int64)


class Pictures:
    """Numbers of the pictures that N images show, computed when first used.

    search: returns pairs of near-duplicates, as `find_similar` does.
    """

    def __init__(self, hashes: PictureHashes, search: Search = find_similar) -> None:
        self.hashes = hashes
        self._search = search

    @cached_property
    def numbers(self) -> np.ndarray:
        """(N,) int64, equal for identical images, near-duplicates, and chains of these."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        first_with: dict[bytes, int] = {}
        hashes = self.hashes.values
        first = np.array([first_with.setdefault(each, i) for i, each in enumerate(hashes)], int)
        similar = self._search(self.hashes.images, np.unique(first))
        links = np.concatenate([np.stack([first, np.arange(len(first))], axis=1), similar])
        matrix = coo_array((np.ones(len(links)), links.T), shape=(len(first),) * 2)
        numbers: np.ndarray = connected_components(matrix, directed=False)[1].astype(np.int64)
        return numbers
