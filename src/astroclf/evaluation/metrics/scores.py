"""Scores of one split: every metric with its interval, overall and of each class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from astroclf.evaluation.intervals import Measured


@dataclass(frozen=True)
class Scores:
    """Metrics of one split, as stored in metrics.json.

    overall: metric -> value with its interval.
    per_class: class (or answer) -> the number of its images as `n`, and metric -> value.
    per_question: likewise of the questions of a decision tree; empty without one.
    """

    overall: dict[str, Measured]
    per_class: dict[str, dict[str, Measured | int]]
    per_question: dict[str, dict[str, Measured | int]] = field(default_factory=dict)

    def notes(self, title: Callable[[str], str] = str) -> list[str]:
        """Return what limits the intervals, such as "roc_auc: no interval: 3 images of cigar, ...".

        title: from the name of a metric to the one that is shown.
        """
        metrics: dict[str, list[str]] = {}
        for metric, figure in self.overall.items():
            if "note" in figure:
                metrics.setdefault(figure["note"], []).append(title(metric))
        return [f"{', '.join(of)}: {note}" for note, of in metrics.items()]
