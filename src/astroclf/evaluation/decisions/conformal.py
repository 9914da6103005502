"""Conformal prediction sets: the classes that an image may be of, with a stated coverage."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from astroclf.errors import UserError

ALWAYS = 1.0  # threshold of a class that is in every set, since no score 1 - p exceeds it
ROUNDING = 1e-9  # of a sum of shares


@dataclass(frozen=True)
class PredictionSets:
    """Class-conditional split-conformal prediction sets.

    Class k is in the set of an image if 1 - p_k is at most its threshold. Of new images of class k,
    the share `level` or more have k in their set, if they are exchangeable with the validation
    images of that class (Vovk 2012, arXiv:1209.2673, section 4; Sadinle, Lei & Wasserman 2019,
    arXiv:1609.00451). A set may be empty or hold several classes.

    thresholds: (K,) in [0, 1]; 1 for a class with too few images for the level.
    """

    level: float
    thresholds: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON, of which `from_dict` makes the same sets."""
        return {"level": self.level, "thresholds": list(self.thresholds)}

    @classmethod
    def from_dict(cls, content: Any) -> PredictionSets:
        """Return the sets that `to_dict` wrote. Raises UserError for anything else."""
        if not isinstance(content, Mapping) or set(content) != {"level", "thresholds"}:
            raise UserError(
                "Prediction sets have a level and thresholds, but these are "
                f"{content}. Use the version of astroclf that wrote them."
            )
        return cls(content["level"], tuple(content["thresholds"]))

    def sets(self, probabilities: np.ndarray) -> np.ndarray:
        """Return (N, K) bool: the classes in the set of each image."""
        return 1 - probabilities <= np.array(self.thresholds)


def fit_prediction_sets(
    probabilities: np.ndarray, targets: np.ndarray, groups: np.ndarray | None, level: float
) -> PredictionSets:
    """Return the prediction sets of calibration images.

    probabilities: (N, K). targets: (N,) int64 classes. groups: (N,) of any sortable type, or None
    for independent images. level: in (0, 1).
    """
    scores = 1 - probabilities
    thresholds = []
    for k in range(probabilities.shape[1]):
        of_class = targets == k
        members = None if groups is None else groups[of_class]
        thresholds.append(conformal_quantile(scores[of_class, k], members, level))
    return PredictionSets(level, tuple(thresholds))


def conformal_quantile(scores: np.ndarray, groups: np.ndarray | None, level: float) -> float:
    """Return the smallest score up to which the weights of the scores sum to the level; else 1.

    - Independent images: each weighs 1 / (n + 1), so that it is the ceil(level (n + 1))-th smallest.
    - Images in G groups: one of a group of n_g weighs 1 / ((G + 1) n_g) (hierarchical conformal
      prediction: Lee, Barber & Willett 2023, arXiv:2306.06342). The coverage is that of a random
      image of a new group.

    The remaining weight, 1 / (n + 1) or 1 / (G + 1), is at infinity.

    scores: (n,) in [0, 1]. groups: (n,), or None.
    """
    order = np.argsort(scores)
    shares, n_units = group_shares(len(scores), groups)
    reached = np.flatnonzero(np.cumsum(shares[order]) >= level * (n_units + 1) - ROUNDING)
    return float(scores[order[reached[0]]]) if len(reached) else ALWAYS


def group_shares(n_images: int, groups: np.ndarray | None) -> tuple[np.ndarray, int]:
    """Return (n,) float64, the share 1 / n_g of each image in its group, and the number of groups.

    Independent images, without groups, are groups of one.
    """
    if groups is None:
        return np.ones(n_images), n_images
    _, member_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return 1 / sizes[member_of.reshape(-1)], len(sizes)


def fewest_units(level: float) -> int:
    """Return the number of images, or groups, of a class that a threshold below 1 needs."""
    return math.ceil(level / (1 - level) - ROUNDING)


def notes_of_small_classes(
    fitted: PredictionSets, targets: np.ndarray, groups: np.ndarray | None, classes: tuple[str, ...]
) -> list[str]:
    """Return a sentence on the classes that have too few validation images for the level."""
    needed = fewest_units(fitted.level)
    units = np.arange(len(targets)) if groups is None else groups
    counts = {name: len(np.unique(units[targets == k])) for k, name in enumerate(classes)}
    small = [f"{name} ({n})" for name, n in counts.items() if n < needed]
    if not small:
        return []
    return [
        f"Prediction sets at {fitted.level:g} need {needed} validation "
        f"{'images' if groups is None else 'groups'} of a class: with fewer, "
        f"{', '.join(small)} {'is' if len(small) == 1 else 'are'} in every set."
    ]
