"""Content of the report of several seeds or folds; `report.write_repeat_report` turns it into a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metrics.confusion import confusion_matrix


@dataclass(frozen=True)
class Spread:
    """A metric of several trainings.

    value: the mean, or that of all out-of-fold predictions together; None where it is not defined.
    ci95: its 95 % interval over the images, None where there is none. std: sample standard deviation
    over the trainings. values: of each training, in their order.
    """

    value: float | None
    ci95: Sequence[float] | None = None
    std: float | None = None
    values: Sequence[float | None] = ()


@dataclass(frozen=True)
class TrainingLine:
    """One of the trainings.

    name: of its folder, such as "seed-1". report: relative address of its page, "" without one.
    best_epoch: the epoch whose weights were kept. curve: epoch -> monitored metric on val.
    """

    name: str
    report: str
    best_epoch: int
    train_s: float
    curve: Mapping[int, float]


@dataclass(frozen=True, eq=False)
class RepeatContent:
    """Several trainings with the same settings.

    in_folds: True for the folds of a cross-validation, False for seeds on the same split. split: the
    evaluated split of the figures, "test", or "val" where the data have no test split. monitor: the
    metric on val that selected the best epochs. spreads: split -> metric -> its spread. pooled:
    metric -> value over all out-of-fold predictions; empty for seeds. labels and predictions: true
    labels of the images of the figures, and their predictions by each seed, or out of fold. command:
    that of the shell which trains them.
    """

    title: str
    in_folds: bool
    split: str
    monitor: str
    trainings: Sequence[TrainingLine]
    spreads: Mapping[str, Mapping[str, Spread]]
    labels: Labels
    predictions: Sequence[Predicted]
    command: str
    pooled: Mapping[str, Spread] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()

    @property
    def figures(self) -> Mapping[str, Spread]:
        """Metric -> its spread on the split of the figures."""
        return self.spreads[self.split]

    @property
    def headline(self) -> str:
        """The metric that stands first."""
        return self.labels.headline

    @property
    def mean_confusion(self) -> np.ndarray:
        """(K, K) float64 images of each true class (row) by predicted class, the mean over the seeds."""
        counts = [
            confusion_matrix(self.labels.targets, each.labels, len(self.labels.classes))
            for each in self.predictions
        ]
        return np.mean(counts, axis=0)
