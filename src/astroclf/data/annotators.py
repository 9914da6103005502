"""Labels of several annotators: fractions, majority, and agreement beyond chance (kappa)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MISSING = -1  # class index of an image that an annotator did not label


def count_classes(given: np.ndarray, n_classes: int) -> np.ndarray:
    """Return (N, K) int64: the number of annotators that gave each class.

    given: (N, A) int64 class indices, MISSING where an annotator gave none.
    """
    return (given[:, :, None] == np.arange(n_classes)).sum(axis=1)


def majority(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (N,) int64 most frequent classes, and (N,) bool whether classes are tied.

    Of tied classes, the one that all annotators gave more often to all images is chosen, and of those the
    first: independent of the order of images and annotators.
    """
    by_frequency = np.argsort(-counts.sum(axis=0), kind="stable")
    chosen = by_frequency[counts[:, by_frequency].argmax(axis=1)]
    tied = (counts == counts.max(axis=1, keepdims=True)).sum(axis=1) > 1
    return chosen, tied


def cohen_kappa(first: np.ndarray, second: np.ndarray, n_classes: int) -> float:
    """Return the agreement of two annotators beyond chance (Cohen 1960), over the images that both labeled.

    first, second: (N,) int64, MISSING for none. NaN if no image has both, or chance explains everything.
    """
    both = (first != MISSING) & (second != MISSING)
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (first[both], second[both]), 1)
    n = table.sum()
    if not n:
        return float("nan")
    expected = float(table.sum(axis=0) @ table.sum(axis=1)) / n**2
    return beyond_chance(float(np.trace(table)) / n, expected)


def fleiss_kappa(counts: np.ndarray) -> float:
    """Return the agreement of several annotators beyond chance (Fleiss 1971, Psychol. Bull. 76, 378).

    counts: (N, K) of `count_classes`. Images may have different numbers of annotators: the agreement of an
    image is the fraction of its pairs of annotators that agree, and images of fewer than two are left out.
    NaN if none is left, or chance explains everything.
    """
    n_annotators = counts.sum(axis=1)
    used, n = counts[n_annotators >= 2], n_annotators[n_annotators >= 2]
    if not len(used):
        return float("nan")
    agreeing = (used * (used - 1)).sum(axis=1) / (n * (n - 1))
    shares = used.sum(axis=0) / used.sum()
    return beyond_chance(float(agreeing.mean()), float((shares**2).sum()))


def beyond_chance(observed: float, expected: float) -> float:
    """Return (observed - expected) / (1 - expected), NaN if the expected agreement is complete."""
    return (observed - expected) / (1 - expected) if expected < 1 else float("nan")


def describe_agreement(given: np.ndarray, names: Sequence[str], n_classes: int) -> str:
    """Return the agreement of the annotators as one sentence.

    given: as of `count_classes`. names: of the A annotators.
    """
    n_shared = int((np.sum(given != MISSING, axis=1) >= 2).sum())
    if given.shape[1] == 2:
        name, kappa = "Cohen's", cohen_kappa(given[:, 0], given[:, 1], n_classes)
    else:
        name, kappa = "Fleiss'", fleiss_kappa(count_classes(given, n_classes))
    if not np.isfinite(kappa):
        return f"Agreement of the annotators {', '.join(names)}: unknown, since no two of them gave different classes."
    return (
        f"Agreement of the annotators {', '.join(names)} beyond chance: {name} kappa {kappa:.3f}, from {n_shared:,} "
        "images with two or more annotations."
    )
