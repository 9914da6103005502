"""Standard errors of any metric: bootstrap over images, jackknife over groups of images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

WEIGHTS_PER_CHUNK = 1_000_000  # 8 MB: a few arrays of this size stay close to the cache

Figures = Callable[[np.ndarray], Mapping[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Resampling:
    """Settings of the resampling.

    n: bootstrap resamples, and the largest number of jackknife replicates; 0 for no intervals.
    groups: (N,) of any sortable type, images of one value are not independent; or None.
    """

    n: int
    seed: int
    groups: np.ndarray | None = None

    @property
    def unit(self) -> str:
        return "image" if self.groups is None else "group"

    def of_images(self, chosen: np.ndarray) -> Resampling:
        """Return the resampling of some of the images."""
        return self if self.groups is None else replace(self, groups=self.groups[chosen])


@dataclass(frozen=True, eq=False)
class Replicates:
    """A metric of N images, or that of K classes, and its values in R resamples of the images.

    value: () or (K,). draws: (R,) or (R, K). error: standard error, as value; NaN where it is not
    defined. units: number of independent units (images or groups). dof: degrees of freedom. scale: from
    the variance of the draws to that of the value.
    """

    value: np.ndarray
    draws: np.ndarray
    error: np.ndarray
    units: int
    unit: str
    dof: int
    scale: float = 1.0

    def of_class(self, k: int) -> Replicates:
        """Return the replicates of one class of K."""
        return replace(self, value=self.value[k], draws=self.draws[:, k], error=self.error[k])


def replicate(
    figures: Figures,
    n_images: int,
    resampling: Resampling,
    strata: np.ndarray | None = None,
) -> dict[str, Replicates]:
    """Measure metrics on all images and on resamples of them; metric -> its replicates.

    - Images: the bootstrap within strata, of m - 1 from m images and reweighted by m / (m - 1),
      which has the right variance in small strata too (Rao & Wu 1988, JASA 83, 231). The shares of
      the strata are drawn from a Dirichlet distribution (Rubin 1981, Ann. Statist. 9, 130): they
      vary as in a random sample of images, but with the classes as strata no resample lacks a
      class, so that a mean over classes stays one of the same classes.
    - Groups: the delete-one-group jackknife, whose errors are the least optimistic for few groups
      (MacKinnon, Nielsen & Webb 2023, J. Appl. Econometrics 38, 671). More than `resampling.n`
      groups are deleted in random blocks (Shao & Tu 1995, "The Jackknife and Bootstrap", 2.3).

    figures: weights (R, N) -> metric -> (R,) or (R, K); a weight is how often an image counts.
    strata: (N,) int64, or None for a single one.
    """
    values = figures(np.ones((1, n_images)))
    if resampling.groups is not None:
        members = group_index(resampling.groups)
        units = int(members.max(initial=-1)) + 1
        blocks, n_blocks = _in_blocks(members, units, resampling)
        chunks, dof, scale = _without_each(blocks, n_blocks), n_blocks - 1, n_blocks - 1.0
    else:
        strata = np.zeros(n_images, dtype=np.int64) if strata is None else strata
        units, dof, scale = n_images, n_images - len(np.unique(strata)), 1.0
        chunks = _bootstrap_weights(strata, resampling)
    drawn = [figures(weights) for weights in chunks] if resampling.n else []
    found = {}
    for metric, value in values.items():
        draws = np.concatenate([value[:0], *(each[metric] for each in drawn)])
        error = np.sqrt(scale * _variance(draws))
        found[metric] = Replicates(value[0], draws, error, units, resampling.unit, dof, scale)
    return found


def combine(factors: Sequence[float], parts: Sequence[Replicates]) -> Replicates:
    """Return a linear combination of metrics that were replicated on the same resamples.

    Its error holds their covariance: that of a difference of two models is a paired one.
    """
    value = np.sum([f * part.value for f, part in zip(factors, parts, strict=True)], axis=0)
    draws = np.sum([f * part.draws for f, part in zip(factors, parts, strict=True)], axis=0)
    error = np.sqrt(parts[0].scale * _variance(draws))
    return replace(parts[0], value=value, draws=draws, error=error)


def group_index(groups: np.ndarray) -> np.ndarray:
    """Return (N,) int64 in 0..G-1: the number of each image's group."""
    return np.unique(groups, return_inverse=True)[1].reshape(-1)


def _bootstrap_weights(strata: np.ndarray, resampling: Resampling) -> Iterator[np.ndarray]:
    """Yield chunks of (r, N) float64, `resampling.n` rows in all."""
    rng = np.random.default_rng(resampling.seed)
    members = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    rows_per_chunk = max(1, WEIGHTS_PER_CHUNK // max(1, len(strata)))
    for start in range(0, resampling.n, rows_per_chunk):
        weights = np.ones((min(rows_per_chunk, resampling.n - start), len(strata)))
        shares = rng.gamma(
            [len(positions) for positions in members], size=(len(weights), len(members))
        )
        shares *= len(strata) / shares.sum(axis=1, keepdims=True)
        for positions, share in zip(members, shares.T, strict=True):
            if len(positions) > 1:
                weights[:, positions] = _reweighted(rng, len(weights), len(positions))
            weights[:, positions] *= (share / len(positions))[:, None]
        yield weights


def _reweighted(rng: np.random.Generator, rows: int, m: int) -> np.ndarray:
    """Return (rows, m): how often each of m images is among m - 1 draws, times m / (m - 1)."""
    drawn = rng.integers(m, size=(rows, m - 1)) + np.arange(rows)[:, None] * m
    counts = np.bincount(drawn.reshape(-1), minlength=rows * m).reshape(rows, m)
    return counts * (m / (m - 1))


def _in_blocks(
    members: np.ndarray, n_groups: int, resampling: Resampling
) -> tuple[np.ndarray, int]:
    if n_groups <= resampling.n:
        return members, n_groups
    block = np.random.default_rng(resampling.seed).permutation(n_groups) % max(1, resampling.n)
    return block[members], resampling.n


def _without_each(members: np.ndarray, n_groups: int) -> Iterator[np.ndarray]:
    """Yield chunks of (r, N) float64: each row counts all images but those of one group."""
    rows_per_chunk = max(1, WEIGHTS_PER_CHUNK // max(1, len(members)))
    for start in range(0, n_groups, rows_per_chunk):
        deleted = np.arange(start, min(start + rows_per_chunk, n_groups))
        yield (members != deleted[:, None]).astype(np.float64)


def _variance(draws: np.ndarray) -> np.ndarray:
    """Over the R draws; NaN where one of them is not defined, or with fewer than two."""
    if len(draws) < 2:
        return np.full(draws.shape[1:], np.nan)
    with np.errstate(invalid="ignore"):
        return draws.var(axis=0)
