"""Accuracy along a column of a catalogue: a magnitude, a redshift, a seeing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from astroclf.evaluation.intervals import wilson_interval
from astroclf.evaluation.metadata import read_metadata


@dataclass(frozen=True)
class Bin:
    """Images whose value lies in [low, high), the last bin including high.

    ci95: Wilson's interval of the accuracy.
    """

    low: float
    high: float
    n: int
    accuracy: float
    ci95: tuple[float, float]


@dataclass(frozen=True)
class BinnedAccuracy:
    """Accuracy along one column.

    n_placed: images that the catalogue gives a value; the others are in no bin.
    n_images: all images.
    """

    column: str
    rows: tuple[Bin, ...]
    n_placed: int
    n_images: int


def accuracy_along(
    columns: Sequence[str],
    *,
    catalog: Path,
    id_column: str,
    ids: np.ndarray,
    correct: np.ndarray,
    bins: int,
) -> list[BinnedAccuracy]:
    """Accuracy in `bins` bins of each column, each with equally many images.

    Where many images share a value, that value stays in one bin, so that bins may differ in size or
    be fewer.

    catalog: a CSV file with a header. ids: (N,) str. correct: (N,) bool.

    Raises UserError as `metadata.read_metadata`.
    """
    metadata = read_metadata(columns, catalog=catalog, id_column=id_column, ids=ids)
    return [_bin_column(column, values, correct, bins) for column, values in metadata.items()]


def _bin_column(column: str, values: np.ndarray, correct: np.ndarray, bins: int) -> BinnedAccuracy:
    placed = np.isfinite(values)
    values, hits = values[placed], correct[placed]
    if len(values) == 0:
        return BinnedAccuracy(column, (), 0, len(placed))
    edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)))
    inner = edges[1:-1]
    bin_of = np.searchsorted(inner, values, side="right")
    rows = []
    for index in range(len(inner) + 1):
        inside = hits[bin_of == index]
        low, high = edges[index], edges[min(index + 1, len(edges) - 1)]
        n, n_hits = len(inside), int(inside.sum())
        if n:
            interval = wilson_interval(n_hits, n)
            rows.append(Bin(float(low), float(high), n, n_hits / n, interval))
    return BinnedAccuracy(column, tuple(rows), len(values), len(placed))
