"""Loss of accuracy between two predictions for the same images, with paired 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astroclf.errors import counted
from astroclf.evaluation.intervals import (
    Measured,
    estimate,
    measured,
    too_few_units,
    wilson_interval,
)
from astroclf.evaluation.metrics.confusion import ratio
from astroclf.evaluation.resampling import Resampling, group_index, replicate


@dataclass(frozen=True)
class PairedAccuracy:
    """Accuracy before and after a change of the images, over all images or those of one class.

    n: number of images. lost: those right before and wrong after; gained: the reverse. loss: accuracy
    before minus after, with its interval.
    """

    n: int
    before: float
    after: float
    lost: int
    gained: int
    loss: Measured


def compare_accuracy(
    before: np.ndarray, after: np.ndarray, resampling: Resampling
) -> PairedAccuracy:
    """Return the accuracies of two predictions for the same images, and the loss with its interval.

    Independent images: the square-and-add interval of paired proportions, with their correlation
    (Newcombe 1998, Stat. Med. 17, 2635, method 10), which holds where no image changes too. Groups:
    Student's t of the delete-one-group jackknife.

    before, after: (N,) bool, whether each image is right; N > 0.
    """
    loss = float(before.mean() - after.mean())
    if resampling.groups is None:
        note = too_few_units(len(before), "image")
        interval = None if note else newcombe_interval(before, after)
        measure = measured(loss, interval, note)
    else:
        measure = _grouped_loss(before, after, resampling)
    return PairedAccuracy(
        n=len(before),
        before=float(before.mean()),
        after=float(after.mean()),
        lost=int(np.sum(before & ~after)),
        gained=int(np.sum(~before & after)),
        loss=measure,
    )


def compare_classes(
    before: np.ndarray,
    after: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    resampling: Resampling,
) -> dict[str, PairedAccuracy]:
    """Return class -> `compare_accuracy` of its images, for each class that has any: the loss of recall."""
    chosen = {name: labels == k for k, name in enumerate(classes)}
    return {
        name: compare_accuracy(before[of], after[of], resampling.of_images(of))
        for name, of in chosen.items()
        if of.any()
    }


def newcombe_interval(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two paired proportions, before minus after.

    before, after: (N,) bool, N > 0.
    """
    n = len(before)
    both, lost = int(np.sum(before & after)), int(np.sum(before & ~after))
    gained, neither = int(np.sum(~before & after)), int(np.sum(~before & ~after))
    first, second = (both + lost) / n, (both + gained) / n
    (low1, high1), (low2, high2) = (
        wilson_interval(hits, n) for hits in (both + lost, both + gained)
    )
    phi = _correlation(both, lost, gained, neither)
    below = _combined(first - low1, high2 - second, phi)
    above = _combined(high1 - first, second - low2, phi)
    return first - second - below, first - second + above


def _combined(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(0.0, one**2 - 2 * phi * one * other + other**2))


def _correlation(both: int, lost: int, gained: int, neither: int) -> float:
    """Return phi of the 2 x 2 table, corrected for continuity where it is positive; 0 with an empty margin."""
    n = both + lost + gained + neither
    margins = (both + lost) * (gained + neither) * (both + gained) * (lost + neither)
    if margins == 0:
        return 0.0
    product = both * neither - lost * gained
    return (max(product - n / 2, 0) if product > 0 else product) / math.sqrt(margins)


def _grouped_loss(before: np.ndarray, after: np.ndarray, resampling: Resampling) -> Measured:
    change = before.astype(np.float64) - after
    assert resampling.groups is not None
    n_groups = int(group_index(resampling.groups).max()) + 1
    note = too_few_units(n_groups, "group")
    if not note and not change.any():
        note = f"no image of {counted(n_groups, 'group')} changes"
    replicates = replicate(
        lambda weights: {"loss": ratio(weights @ change, weights.sum(axis=1))},
        len(change),
        resampling,
    )
    return estimate(replicates["loss"], "linear", note)
