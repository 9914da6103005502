"""Similar images of a data set: the picture that each image shows, near-duplicates included."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from astroclf.data.duplicates.candidates import find_candidates
from astroclf.data.duplicates.confirmation import confirm, without_round_light
from astroclf.data.duplicates.fingerprints import SMALLEST_PX, Fingerprinter, symmetric_part
from astroclf.data.memory_map import BoundedReader
from astroclf.status import status

FEW, LARGEST_SHARE = 32, 0.25  # images whose pairs are compared, and the share of copies in them
SAMPLE = 256  # images that the noise of the bands is measured on
CHUNK_BYTES = 2**23  # of pixels, read at a time by each thread
PAIRS_AT_A_TIME = 256

log = logging.getLogger(__name__)


def find_similar(images: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return (P, 2) int64: pairs of images of one picture, in any orientation, but for noise,
    compression, resampling or brightness; the smaller position first.

    images: (N, C, px, px), without NaN; read in chunks. kept: (M,) positions of the images that are
    compared, one of each set of identical ones.
    """
    if min(images.shape[-2:]) < SMALLEST_PX or len(kept) < 2:
        return np.empty((0, 2), np.int64)
    reader = BoundedReader(images)
    size = max(1, CHUNK_BYTES // images[:1].nbytes)
    chosen = np.linspace(0, len(kept) - 1, min(SAMPLE, len(kept))).astype(int)
    sample = reader.read(kept[chosen])
    fingerprinter = Fingerprinter.of(sample)
    if _lacks_noise(fingerprinter, sample[:: max(1, len(sample) // FEW)]):
        log.warning(
            "dataset.near_duplicates: most images agree but for brightness, as pictures without noise do. Only identical "
            "ones are treated as copies."
        )
        return np.empty((0, 2), np.int64)

    def in_rows(
        reduce: Callable[[np.ndarray], np.ndarray], rows: np.ndarray, title: str
    ) -> np.ndarray:
        """Return a function of the fingerprints of the images at these positions."""
        chunks = list(_chunks(rows, size))
        parts = _in_chunks(
            lambda chunk: reduce(fingerprinter.fingerprints(reader.read(chunk))), chunks, title
        )
        return np.concatenate(parts)

    vectors = in_rows(symmetric_part, kept, "searching for near-duplicates")
    with_content = vectors.any(axis=1)
    candidates = kept[with_content][find_candidates(vectors[with_content])]
    if not len(candidates):
        return candidates
    compared, pairs = np.unique(candidates, return_inverse=True)
    prints = in_rows(without_round_light, compared, "reading similar images")
    return candidates[_confirmed(prints, pairs.reshape(-1, 2))]


def _confirmed(prints: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return (P,) bool: pairs of positions in fingerprints that are of one picture."""
    chunks = list(_chunks(pairs, PAIRS_AT_A_TIME))
    parts = _in_chunks(
        lambda chunk: confirm(prints[chunk[:, 0]], prints[chunk[:, 1]]),
        chunks,
        "comparing similar images",
    )
    return np.concatenate(parts)


def _lacks_noise(fingerprinter: Fingerprinter, sample: np.ndarray) -> bool:
    """Return whether a quarter of all pairs of a sample would be taken for copies."""
    if len(sample) < FEW:
        return False
    prints = without_round_light(fingerprinter.fingerprints(sample))
    first, second = np.triu_indices(len(prints), 1)
    return float(confirm(prints[first], prints[second]).mean()) > LARGEST_SHARE


def _chunks(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _in_chunks(
    function: Callable[[np.ndarray], np.ndarray], chunks: list[np.ndarray], title: str
) -> list[np.ndarray]:
    """Return the results for all chunks, computed on all cores."""
    results = []
    total = sum(map(len, chunks))
    with status(title, total, unit="image") as shown, ThreadPoolExecutor(os.cpu_count()) as pool:
        for chunk, result in zip(chunks, pool.map(function, chunks), strict=True):
            results.append(result)
            shown.update(len(chunk))
    return results
