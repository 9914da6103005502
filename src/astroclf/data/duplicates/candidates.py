"""Candidates for near-duplicates: locality-sensitive hashing of signs, in time O(N log N).

Sorted lists of permuted bit strings, after Charikar (2002, STOC 34, 380).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from astroclf.data.duplicates.fingerprints import unit_norm

TABLES = 256  # lists, each in the order of other bits
BITS = 64  # of a bit string
SHORTEST_PREFIX = 8  # bits that candidates share in one list, for few images
LONGEST_RUN = 32  # images of one prefix that each is compared with, at most
LEAST_COSINE = 0.5
PAIRS_AT_A_TIME = 2**16
FEW_IMAGES = 1000  # too few for a mean of what images have in common


def find_candidates(vectors: np.ndarray) -> np.ndarray:
    """Return (P, 2) int64: pairs of vectors with a cosine above 0.5 that hashing proposes, smaller first.

    vectors: (N, K) with norm 1. Two vectors of cosine c share the sign of a coefficient with probability
    1 - arccos(c) / pi. In each of 256 lists, those that share the first log2(N) - 1 signs of a random
    order are compared: N pairs a list for independent vectors, and 999 of 1,000 pairs of a cosine of
    0.8 for N = 60,000. The mean of all vectors, the structure that most images share, is subtracted
    first. Deterministic.
    """
    if len(vectors) < 2:
        return np.empty((0, 2), np.int64)
    share = len(vectors) / (len(vectors) + FEW_IMAGES)
    vectors = unit_norm(vectors - vectors.mean(axis=0) * share)
    prefix = max(SHORTEST_PREFIX, int(np.ceil(np.log2(max(2, len(vectors))))) - 1)
    rng = np.random.default_rng(0)
    orders = [rng.permutation(vectors.shape[1])[:BITS] for _ in range(TABLES)]
    signs = vectors > 0

    def search(order: np.ndarray) -> np.ndarray:
        shared = _pairs_of_one_list(_keys(signs, order), min(prefix, len(order)))
        close = [part[_cosine(vectors, part) > LEAST_COSINE] for part in shared]
        pairs = np.concatenate([np.empty((0, 2), np.int64), *close])
        return np.unique(pairs[:, 0] * len(vectors) + pairs[:, 1])

    numbers = np.empty(0, np.int64)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(search, orders):
            numbers = np.union1d(numbers, found)
    return np.stack([numbers // len(vectors), numbers % len(vectors)], axis=1)


def _cosine(vectors: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    cosine: np.ndarray = np.einsum("pk,pk->p", vectors[pairs[:, 0]], vectors[pairs[:, 1]])
    return cosine


def _keys(signs: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return (N,) uint64: the signs in that order, the first one as highest bit."""
    keys = np.zeros(len(signs), np.uint64)
    for place, coefficient in enumerate(order):
        keys |= signs[:, coefficient].astype(np.uint64) << np.uint64(BITS - 1 - place)
    return keys


def _pairs_of_one_list(keys: np.ndarray, prefix: int) -> Iterator[np.ndarray]:
    """Yield (P, 2) pairs of positions whose keys share a prefix, the smaller position first."""
    order = np.argsort(keys, kind="stable")
    bucket = keys[order] >> np.uint64(BITS - prefix)
    for lag in range(1, min(LONGEST_RUN, len(order) - 1) + 1):
        shared = np.flatnonzero(bucket[lag:] == bucket[:-lag])
        if not len(shared):
            break
        for part in _parts(shared):
            yield np.sort(np.stack([order[part], order[part + lag]], axis=1), axis=1)


def _parts(positions: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(positions), PAIRS_AT_A_TIME):
        yield positions[start : start + PAIRS_AT_A_TIME]
