"""Summary of a table of predictions, from one pass over its rows in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from astroclf.errors import UserError
from astroclf.runs.prediction_table import PredictionTable
from astroclf.tasks.prediction.rows import SEPARATOR

BINS = 20  # of histograms from 0 to 1
READ = ("label", "confidence", "prediction_set", "unlike_training", "invalid_share", "reason")


class Extremes:
    """Rows with the smallest values, at most so many; of equal values the first rows."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.values, self.rows = np.empty(0), np.empty(0, np.int64)

    def add(self, values: np.ndarray, rows: np.ndarray) -> None:
        """Add rows that come after all earlier ones."""
        values, rows = np.append(self.values, values), np.append(self.rows, rows)
        smallest = np.argsort(values, kind="stable")[: self._most]
        self.values, self.rows = values[smallest], rows[smallest]


@dataclass
class Summary:
    """Counts, histograms and extreme rows of a table.

    n: rows. reasons: of the rows without prediction. labels: rows of each class. set_sizes: number of
    classes -> rows, empty without prediction sets. confidence, unlike_training: (BINS,) rows of each
    bin from 0 to 1. n_unlike: rows with a p-value. n_invalid: rows with invalid pixels, of whose shares
    largest_invalid is the largest. most_certain, least_like: class -> rows.
    """

    classes: Sequence[str]
    most_shown: int
    n: int = 0
    n_invalid: int = 0
    largest_invalid: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    set_sizes: Counter[int] = field(default_factory=Counter)
    confidence: np.ndarray = field(default_factory=lambda: np.zeros(BINS, np.int64))
    unlike_training: np.ndarray = field(default_factory=lambda: np.zeros(BINS, np.int64))
    most_certain: dict[str, Extremes] = field(default_factory=dict)
    least_like: dict[str, Extremes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.least_certain = Extremes(2 * self.most_shown)
        for name in self.classes:
            self.most_certain[name] = Extremes(self.most_shown)
            self.least_like[name] = Extremes(self.most_shown)

    @property
    def n_predicted(self) -> int:
        return self.labels.total()

    def add(self, part: dict[str, list[Any]], has_sets: bool) -> None:
        """Add the next rows; part: the columns READ, as texts or numbers."""
        first, self.n = self.n, self.n + len(part["label"])
        labels = np.array(part["label"])
        self.reasons.update(reason for reason in part["reason"] if reason)
        rows = np.flatnonzero(labels != "")
        labels, confidence = labels[rows], _numbers(part["confidence"])[rows]
        unlike = _numbers(part["unlike_training"])[rows]
        invalid = _numbers(part["invalid_share"])[rows]
        self.n_invalid += int(np.count_nonzero(invalid > 0))
        self.largest_invalid = float(np.max(invalid, initial=self.largest_invalid))
        self.labels.update(labels.tolist())
        self.confidence += _histogram(confidence)
        self.unlike_training += _histogram(unlike)
        if has_sets:
            sets = [part["prediction_set"][row] for row in rows]
            self.set_sizes.update(each.count(SEPARATOR) + 1 if each else 0 for each in sets)
        self.least_certain.add(confidence, first + rows)
        has_value = np.isfinite(unlike)
        for name in np.unique(labels).tolist():
            own = labels == name
            self.most_certain[name].add(-confidence[own], first + rows[own])
            self.least_like[name].add(unlike[own & has_value], first + rows[own & has_value])


def summarize(
    table: PredictionTable, classes: Sequence[str], most_shown: int, has_sets: bool
) -> Summary:
    """Return the summary of a complete table. Raise UserError if it is damaged."""
    summary = Summary(classes, most_shown)
    try:
        for part in _parts(table):
            summary.add(part, has_sets)
    except (ValueError, KeyError) as error:
        raise UserError(
            f"{table.file} is damaged ({error}). Predict again in another folder."
        ) from error
    return summary


def _parts(table: PredictionTable) -> Iterator[dict[str, list[Any]]]:
    yield from table.read(READ)


def _numbers(cells: Sequence[Any]) -> np.ndarray:
    """Return (N,) float64 of texts or numbers, NaN for empty cells."""
    return np.array([np.nan if cell in ("", None) else float(cell) for cell in cells], np.float64)


def _histogram(values: np.ndarray) -> np.ndarray:
    return np.histogram(values[np.isfinite(values)], BINS, (0.0, 1.0))[0]
