"""What a metric is: its name, which way it improves, and how a set of them is handed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from astroclf.evaluation.intervals import Measured

Figure = TypeVar("Figure", float, np.ndarray)

HIGHER_IS_BETTER: dict[str, bool] = {
    "loss": False,
    "accuracy": True,
    "balanced_accuracy": True,
    "macro_f1": True,
    "mcc": True,
    "roc_auc": True,
    "average_precision": True,
    "log_loss": False,
    "brier": False,
    "ece": False,
    "rmse": False,
    "r2": True,
}

# Where an interval is symmetric, see `intervals.t_interval`; `linear` for any other metric.
SCALES: dict[str, str] = {
    **dict.fromkeys(("accuracy", "balanced_accuracy", "macro_f1"), "logit"),
    **dict.fromkeys(("roc_auc", "average_precision"), "logit"),
    **dict.fromkeys(("precision", "recall", "f1"), "logit"),
    **dict.fromkeys(("loss", "log_loss", "brier", "rmse"), "log"),
    "mcc": "fisher",
}
OVER_CLASSES = ("balanced_accuracy", "macro_f1", "roc_auc", "average_precision")


OF_POSITIVE_CLASS = ("roc_auc", "average_precision")  # where there are two classes


def metric_label(metric: str, positive_class: str | None) -> str:
    """Return the name of a metric, with the class it is of where that is one of two."""
    of_class = positive_class is not None and metric in OF_POSITIVE_CLASS
    return f"{metric} ({positive_class})" if of_class else metric


def gain(metric: str, value: Figure, reference: Figure) -> Figure:
    """By how much `value` is better than `reference`, in units of the metric; negative if worse."""
    return value - reference if HIGHER_IS_BETTER[metric] else reference - value


@dataclass(frozen=True)
class Scores:
    """The figures of one split, as they stand in metrics.json.

    overall: metric -> figure.
    per_class: class (or answer) -> the number of its images as `n`, and metric -> figure.
    """

    overall: dict[str, Measured]
    per_class: dict[str, dict[str, Measured | int]]

    def notes(self) -> list[str]:
        """Return what limits the intervals, such as "roc_auc: no interval: 3 images of cigar, ..."."""
        metrics: dict[str, list[str]] = {}
        for metric, figure in self.overall.items():
            if "note" in figure:
                metrics.setdefault(figure["note"], []).append(metric)
        return [f"{', '.join(of)}: {note}" for note, of in metrics.items()]
