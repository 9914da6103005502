"""Cross-fitting: the numbers behind each prediction are fitted on the images of other folds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from astroclf.evaluation.resampling import group_index

FOLDS = 5


def stratified_folds(
    targets: np.ndarray, seed: int, groups: np.ndarray | None = None
) -> np.ndarray:
    """Return (N,) int64 in 0..4: folds with the images of each class spread evenly, and whole groups.

    Groups are assigned by the class of most of their images, large ones first, in an order that
    the seed shuffles.

    targets: (N,) int64. groups: (N,), or None for images that are independent.
    """
    if len(targets) == 0:
        return np.zeros(0, dtype=np.int64)
    unit = np.arange(len(targets)) if groups is None else group_index(groups)
    counts = np.zeros((unit.max() + 1, targets.max() + 1), dtype=np.int64)
    np.add.at(counts, (unit, targets), 1)
    order = np.random.default_rng(seed).permutation(len(counts))
    by_size = order[np.argsort(-counts.sum(axis=1)[order], kind="stable")]
    line = by_size[np.argsort(counts.argmax(axis=1)[by_size], kind="stable")]
    fold = np.empty(len(counts), dtype=np.int64)
    fold[line] = np.arange(len(counts)) % FOLDS
    return fold[unit]


def cross_fit(
    fit_and_apply: Callable[[np.ndarray, np.ndarray], np.ndarray], folds: np.ndarray
) -> np.ndarray:
    """Fit on all folds but one and apply to that one, for each fold; the results in one array.

    fit_and_apply: (N,) bool of the images to fit on, and of those to decide, n of them -> (n, ...).
    folds: as `stratified_folds` gives them.
    """
    parts = list(_parts(fit_and_apply, folds))
    found = np.concatenate([part for _, part in parts])
    return found[np.argsort(np.concatenate([at for at, _ in parts]))]


def _parts(
    fit_and_apply: Callable[[np.ndarray, np.ndarray], np.ndarray], folds: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for fold in range(FOLDS):
        held = folds == fold
        yield np.flatnonzero(held), fit_and_apply(~held, held)
