"""Novelty of images: distance to the nearest training images in feature space, as a p-value."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from astroclf.errors import counted
from astroclf.evaluation.decisions.conformal import fewest_units, group_shares

NEIGHBORS = 5  # k of the distance to the k-th nearest training image
DIMENSIONS = 32  # principal components that the features are compressed to
LEAST_SCALE = 1e-3  # of a component, relative to the first: less is rounding
BLOCK = 1024  # images compared with the training images at a time
FLAG = 0.05  # a p-value up to it counts as unlike the training images in notes
MOST_TRAIN, MOST_VAL = 2048, 4096  # images behind the distances
POWER_ITERATIONS, OVERSAMPLING = 4, 8  # of the randomized singular value decomposition


@dataclass(frozen=True, eq=False)
class TrainingFeatures:
    """Compressed features of T training images.

    The distance of an image is that to its k-th nearest training image (Sun et al. 2022,
    arXiv:2204.06507), between whitened principal components and one more coordinate: the length of
    what these leave out, so that a direction that no training image has counts too. Features are not
    divided by their length, which holds the brightness of an image.

    mean: (F,) float32. components: (F, D) float16, orthonormal. scale: (D + 1,) float32, the standard
    deviation of each coordinate. rest: mean of the last one. coordinates: (T, D + 1) float16.
    """

    mean: np.ndarray
    components: np.ndarray
    scale: np.ndarray
    rest: np.ndarray
    coordinates: np.ndarray

    @classmethod
    def fit(cls, features: np.ndarray, seed: int) -> TrainingFeatures:
        """Return the compressed features of training images; features: (T, F), all finite."""
        features = features.astype(np.float32, copy=False)
        mean = features.mean(axis=0)
        components = principal_components(features - mean, DIMENSIONS, seed).astype(np.float16)
        raw = project(features, mean, components)
        scale = raw.std(axis=0)
        least = max(LEAST_SCALE * scale[0], 1e-5 * np.abs(mean).max(), np.finfo(np.float32).tiny)
        scale, rest = np.maximum(scale, least), raw[:, -1].mean()
        without = cls(mean, components, scale, rest, np.empty((0, len(scale)), np.float16))
        return replace(without, coordinates=without.transform(features).astype(np.float16))

    def transform(self, features: np.ndarray) -> np.ndarray:
        """Return (N, D + 1) float32 coordinates of (N, F) features."""
        raw = project(features.astype(np.float32, copy=False), self.mean, self.components)
        raw[:, -1] -= self.rest
        coordinates: np.ndarray = raw / self.scale
        return coordinates

    def distances(self, features: np.ndarray) -> np.ndarray:
        """Return (N,) float32 distances of (N, F) features; infinite for features that are not finite."""
        train = self.coordinates.astype(np.float32)
        squares, k = np.square(train).sum(axis=1), min(NEIGHBORS, len(train)) - 1
        found = np.empty(len(features), np.float32)
        with np.errstate(invalid="ignore", over="ignore"):
            for start in range(0, len(features), BLOCK):
                block = self.transform(features[start : start + BLOCK])
                # |a - b|^2 = |a|^2 + |b|^2 - 2 a.b, of which |a|^2 does not change the order.
                relative = squares - 2 * block @ train.T
                kth = np.partition(relative, k, axis=1)[:, k] + np.square(block).sum(axis=1)
                found[start : start + BLOCK] = np.sqrt(np.maximum(kth, 0))
        return np.where(np.isfinite(found), found, np.inf)


@dataclass(frozen=True, eq=False)
class Novelty:
    """Conformal p-values of images unlike the training images.

    p = (1 + number of validation images at least as distant) / (V + 1), which is at most a for a
    share of a or less of images exchangeable with those of validation (Bates et al. 2023,
    arXiv:2104.08279). Of images in groups, each counts as its share of the group, so that this holds
    for random images of new groups. With too few groups for a p-value of 0.05, the images count
    singly: it then holds for new images of the same groups.

    distances: (V,) of the validation images. groups: (V,) of any sortable type, or None.
    """

    train: TrainingFeatures
    distances: np.ndarray
    groups: np.ndarray | None = None

    @classmethod
    def fit(
        cls, train: np.ndarray, val: np.ndarray, groups: np.ndarray | None, seed: int
    ) -> Novelty | None:
        """Return the novelty of features (T, F) and (V, F); None without two finite rows of train."""
        train = train[np.isfinite(train).all(axis=1)]
        if len(train) < 2:
            return None
        compressed = TrainingFeatures.fit(train, seed)
        return cls(compressed, compressed.distances(val), groups)

    def p_values(self, features: np.ndarray) -> np.ndarray:
        """Return (N,) float64 p-values in (0, 1] of (N, F) features, small for unlike images."""
        groups = self.groups if self.counts_groups else None
        return conformal_p_values(self.train.distances(features), self.distances, groups)

    @property
    def counts_groups(self) -> bool:
        """True if the p-values hold for images of new groups."""
        return self.groups is not None and len(np.unique(self.groups)) >= fewest_units(1 - FLAG)

    @property
    def note(self) -> str:
        """The limit of the p-values in a sentence; empty where there is none."""
        needed, n_val = fewest_units(1 - FLAG), len(self.distances)
        if n_val < needed:
            return (
                f"unlike_training: val has {counted(n_val, 'image')}, so that no p-value is below "
                f"1/{n_val + 1}; {FLAG:g} needs {needed}."
            )
        if self.groups is not None and not self.counts_groups:
            return (
                f"unlike_training: val has {counted(len(np.unique(self.groups)), 'group')} of images, fewer than "
                f"the {needed} that p-values for new groups need. They hold for new images of the same groups."
            )
        return ""


def conformal_p_values(
    scores: np.ndarray, calibration: np.ndarray, groups: np.ndarray | None
) -> np.ndarray:
    """Return (N,) float64 in (0, 1]: one and the calibration scores >= each score, over all and one.

    Images in groups count as their share of the group, and the groups are counted.

    calibration: (V,) scores. groups: (V,), or None for independent images.
    """
    order = np.argsort(calibration)
    shares, n_units = group_shares(len(calibration), groups)
    at_least = np.append(np.cumsum(shares[order][::-1])[::-1], 0.0)  # those from each position on
    reached = at_least[np.searchsorted(calibration[order], scores)]
    # Rounded, since sums of shares such as 1 / 3 would miss a p-value of 0.05 by a bit.
    return np.round((1 + reached) / (n_units + 1), 12)


def choose_evenly(classes: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Return at most n positions, ascending: random images, as many of each class as there are.

    classes: (N,) int64. A class with fewer images than its share leaves the rest to others.
    """
    order = np.random.default_rng(seed).permutation(len(classes))
    rank = np.empty(len(classes), np.int64)
    for k in np.unique(classes):
        members = order[classes[order] == k]
        rank[members] = np.arange(len(members))
    return np.sort(order[np.argsort(rank[order], kind="stable")][:n])


def choose_at_random(n_images: int, n: int, seed: int) -> np.ndarray:
    """Return at most n of the positions below n_images, ascending, drawn at random."""
    return np.sort(np.random.default_rng(seed).permutation(n_images)[:n])


def project(features: np.ndarray, mean: np.ndarray, components: np.ndarray) -> np.ndarray:
    """Return (N, D + 1) float32: the components of (N, F) features, and the length of the rest."""
    axes = components.astype(np.float32)
    with np.errstate(invalid="ignore", over="ignore"):  # the distance of such rows is infinite
        centered = features - mean
        projected = centered @ axes
        rest = np.sqrt(np.square(centered - projected @ axes.T).sum(axis=1))
    return np.column_stack([projected, rest])


def principal_components(centered: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Return (F, D) float32, D <= n: the orthonormal directions of most variance of (T, F) rows.

    By subspace iteration from a random start (Halko, Martinsson & Tropp 2011, arXiv:0909.4061,
    algorithm 4.4).
    """
    kept = min(n, *centered.shape)
    width = min(n + OVERSAMPLING, *centered.shape)
    start = np.random.default_rng(seed).standard_normal((len(centered), width))
    basis = np.linalg.qr(centered.T @ start.astype(np.float32))[0]
    for _ in range(POWER_ITERATIONS):
        basis = np.linalg.qr(centered.T @ np.linalg.qr(centered @ basis)[0])[0]
    _, _, rotation = np.linalg.svd(centered @ basis, full_matrices=False)
    return (basis @ rotation.T)[:, :kept]
