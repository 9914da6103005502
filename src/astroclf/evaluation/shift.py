"""Shift: differences between the images of an evaluation and the training images of a model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from astroclf.evaluation.distribution import Distribution, kolmogorov_smirnov
from astroclf.evaluation.intervals import wilson_interval

ALL = "all images"
# Differences that are warned of: large and significant.
LEAST_DISTANCE, LEAST_SHARE_CHANGE, SIGNIFICANCE = 0.2, 0.1, 1e-3
UNLIKE_LEVEL = 0.05
SAME_SCALE = 0.05  # relative difference of pixel scales
CENTRAL = (0.16, 0.5, 0.84)  # levels of the range that a table shows
RADIUS_PX, RADIUS_ARCSEC = "half_light_radius_px", "half_light_radius_arcsec"
LABELS = {
    RADIUS_PX: "half-light radius (px)",
    RADIUS_ARCSEC: "half-light radius (arcsec)",
    "signal_to_noise": "signal-to-noise",
}


class ImageSummary(BaseModel):
    """Summary of images that a bundle keeps of its training images.

    class_counts: class -> its number of images; empty for vote fractions. mean_votes: answer -> its
    mean fraction; empty for classes. quantities: name -> class, or `all images` -> distribution,
    measured on at most a thousand images. pixel_scale_arcsec: None where it is not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int
    class_counts: dict[str, int]
    mean_votes: dict[str, float]
    quantities: dict[str, dict[str, Distribution]]
    pixel_scale_arcsec: float | None = None

    @property
    def shares(self) -> dict[str, float]:
        """Class -> its share of the images; of vote fractions, answer -> the mean one."""
        total = max(1, sum(self.class_counts.values()))
        return {name: n / total for name, n in self.class_counts.items()} or self.mean_votes


@dataclass(frozen=True)
class QuantityShift:
    """Distributions of one quantity in the training images and in those of the evaluation.

    of: the class, or `all images`. distance: of Kolmogorov and Smirnov, with its p-value; images
    are counted as independent.
    """

    quantity: str
    of: str
    train: Distribution
    here: Distribution
    distance: float
    p_value: float

    @property
    def label(self) -> str:
        """The quantity in words."""
        return LABELS.get(self.quantity, self.quantity)

    @property
    def is_large(self) -> bool:
        """True for a difference that is warned of."""
        return self.distance >= LEAST_DISTANCE and self.p_value < SIGNIFICANCE

    def range_in(self, distribution: Distribution) -> tuple[float, ...]:
        """Return the 16 %, 50 % and 84 % quantiles."""
        return tuple(distribution.quantile(level) for level in CENTRAL)


@dataclass(frozen=True)
class ClassShares:
    """Shares of the classes, class -> (train, here), or mean vote fractions of the answers.

    change: half the sum of their absolute differences, 0 to 1. p_value: of Pearson's chi-squared
    test of equal shares; NaN for vote fractions.
    """

    shares: Mapping[str, tuple[float, float]]
    change: float
    p_value: float

    @property
    def is_large(self) -> bool:
        """True for a difference that is warned of."""
        return self.change >= LEAST_SHARE_CHANGE and self.p_value < SIGNIFICANCE


@dataclass(frozen=True)
class UnlikeTraining:
    """Distance to the training images in the features of the network, as conformal p-values.

    mean: 0.5 is expected of images like the training images. share: of the n images with a p-value
    below 0.05, where 0.05 is expected; ci95: its Wilson interval.
    """

    n: int
    mean: float
    share: float
    ci95: tuple[float, float]

    @classmethod
    def of(cls, p_values: np.ndarray) -> UnlikeTraining:
        """Return the summary of the p-values of n images."""
        below = int(np.sum(p_values < UNLIKE_LEVEL))
        n = len(p_values)
        return cls(n, float(p_values.mean()), below / n, wilson_interval(below, n))

    @property
    def is_large(self) -> bool:
        """True if significantly more images are flagged than expected, and twice as many."""
        return self.share >= 2 * UNLIKE_LEVEL and self.ci95[0] > UNLIKE_LEVEL


@dataclass(frozen=True)
class Shift:
    """Differences of the images of an evaluation from the training images.

    of: the part of the images that is compared, such as "new images". unlike: None for a model that
    has no features to compare. pixel_scales: of train and here, arcsec; None where one is unknown.
    """

    of: str
    classes: ClassShares | None
    quantities: Sequence[QuantityShift]
    unlike: UnlikeTraining | None
    pixel_scales: tuple[float, float] | None = None

    @property
    def large(self) -> list[QuantityShift]:
        """Large differences within the classes, the largest first; of all images without classes.

        A difference of all images may be one of the class shares alone. A radius is in arcsec where
        the pixel scales are known.
        """
        of_classes = [each for each in self.quantities if each.of != ALL]
        names = {each.quantity for each in self.quantities}
        left_out = {RADIUS_PX} if RADIUS_ARCSEC in names else set()
        found = [
            each
            for each in of_classes or self.quantities
            if each.is_large and each.quantity not in left_out
        ]
        return sorted(found, key=lambda each: -each.distance)

    def sentences(self) -> list[str]:
        """Return a warning for each kind of difference that is large."""
        found = []
        if self.pixel_scales is not None and not math.isclose(
            *self.pixel_scales, rel_tol=SAME_SCALE
        ):
            train, here = self.pixel_scales
            found.append(
                f"A pixel of the {self.of} is {here:.3g} arcsec wide, of the training images {train:.3g} arcsec: objects "
                "have another size than in the training. Set dataset.pixel_scale_arcsec if it is wrong."
            )
        if self.classes is not None and self.classes.is_large:
            pairs = ", ".join(
                f"{name} {train:.0%} in train, {here:.0%} here"
                for name, (train, here) in self.classes.shares.items()
            )
            found.append(
                f"Class shares of the {self.of} differ from train ({pairs}): accuracy, purity and calibration depend "
                "on them."
            )
        if self.large:
            words = "; ".join(_in_words(each) for each in self.large[:4])
            found.append(
                f"The {self.of} differ from the training images ({words}): a loss of accuracy may have this cause."
            )
        if self.unlike is not None and self.unlike.is_large:
            found.append(
                f"{self.unlike.share:.1%} of the {self.of} are unlike the training images in the features of the "
                f"network (p < {UNLIKE_LEVEL:g}), where {UNLIKE_LEVEL:.0%} are expected."
            )
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON for metrics.json; NaN becomes None."""
        return {
            "of": self.of,
            "classes": None if self.classes is None else _plain(asdict(self.classes)),
            "unlike_training": None if self.unlike is None else asdict(self.unlike),
            "quantities": [
                {
                    "quantity": each.quantity,
                    "of": each.of,
                    "train": each.range_in(each.train),
                    "here": each.range_in(each.here),
                    "n_train": each.train.n,
                    "n": each.here.n,
                    "distance": each.distance,
                    "p_value": each.p_value,
                    "is_large": each.is_large,
                }
                for each in self.quantities
            ],
        }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    is_nan = {key: isinstance(value, float) and math.isnan(value) for key, value in values.items()}
    return {key: None if is_nan[key] else value for key, value in values.items()}


def find_shift(
    of: str, train: ImageSummary | None, here: ImageSummary, p_values: np.ndarray | None
) -> Shift | None:
    """Return the differences of images from the training images; None if nothing can be compared.

    p_values: `unlike_training` of the images, None if the model has no reference.
    """
    unlike = None if p_values is None or not len(p_values) else UnlikeTraining.of(p_values)
    if train is None:
        return None if unlike is None else Shift(of, None, (), unlike)
    pairs = [
        (quantity, group, distribution, here.quantities[quantity][group])
        for quantity, groups in train.quantities.items()
        for group, distribution in groups.items()
        if group in here.quantities.get(quantity, {})
    ]
    rows = [QuantityShift(*pair, *kolmogorov_smirnov(*pair[2:])) for pair in pairs]
    measured = tuple(row for row in rows if row.train.n and row.here.n)
    scales = (train.pixel_scale_arcsec, here.pixel_scale_arcsec)
    known = None if scales[0] is None or scales[1] is None else (scales[0], scales[1])
    return Shift(of, compare_shares(train, here), measured, unlike, known)


def compare_shares(train: ImageSummary, here: ImageSummary) -> ClassShares:
    """Return the shares of the classes of train beside those of other images."""
    shares = {name: (share, here.shares.get(name, 0.0)) for name, share in train.shares.items()}
    change = sum(abs(first - second) for first, second in shares.values()) / 2
    return ClassShares(shares, change, _p_of_equal_shares(train.class_counts, here.class_counts))


def _p_of_equal_shares(train: Mapping[str, int], here: Mapping[str, int]) -> float:
    counts = np.array([[n, here.get(name, 0)] for name, n in train.items()]).reshape(-1, 2)
    counts = counts[counts.sum(axis=1) > 0]
    if len(counts) < 2 or not counts.sum(axis=0).all():
        return float("nan")
    from scipy.stats import chi2_contingency

    return float(chi2_contingency(counts, correction=False).pvalue)


def _in_words(shift: QuantityShift) -> str:
    train, here = (each.quantile(0.5) for each in (shift.train, shift.here))
    of = "" if shift.of == ALL else f" of {shift.of}"
    return f"median {shift.label}{of} {train:.3g} in train, {here:.3g} here"
