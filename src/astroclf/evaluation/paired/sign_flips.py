"""Permutation test over groups of images, for paired models whose images are not independent."""

from __future__ import annotations

import numpy as np

from astroclf.evaluation.resampling import group_index

EXACT_UP_TO = 16  # groups that differ: 65,536 flips
RANDOM_FLIPS = 20_000
ROUNDING = 1e-9


def sign_flip_p_value(differences: np.ndarray, groups: np.ndarray, seed: int) -> float:
    """Return the two-sided p-value of equal means, from sign flips of whole groups.

    If A and B are exchangeable, the sum of the differences of a group is as likely positive as negative,
    whatever the dependence inside the group: the p-value is the share of all sign flips whose total is at
    least as large (Fisher 1935, "The Design of Experiments", 21; by groups: Gail et al. 1996, Stat. Med.
    15, 1069). All flips are counted for up to 16 groups that differ, else 20,000 random ones and the
    observed one (Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9, 39).

    differences: (N,) of each image, B - A. groups: (N,) of any sortable type.
    """
    sums = np.bincount(group_index(groups), differences)
    sums = sums[np.abs(sums) > ROUNDING]
    if not len(sums):
        return 1.0
    observed = abs(sums.sum()) - ROUNDING
    if len(sums) <= EXACT_UP_TO:
        signs = 1 - 2 * ((np.arange(2 ** len(sums))[:, None] >> np.arange(len(sums))) & 1)
        return float(np.mean(np.abs(signs @ sums) >= observed))
    rng = np.random.default_rng(seed)
    chunk = max(1, 4_000_000 // len(sums))
    hits = 0
    for start in range(0, RANDOM_FLIPS, chunk):
        rows = min(chunk, RANDOM_FLIPS - start)
        signs = rng.integers(0, 2, (rows, len(sums)), dtype=np.int8) * 2 - 1
        hits += int(np.sum(np.abs(signs @ sums) >= observed))
    return (hits + 1) / (RANDOM_FLIPS + 1)
