"""Metrics of predicted classes.

Each metric is defined once, as a function of how often every image counts: weights of one give the
figure itself, other weights its replicates. Definitions are scikit-learn's, which is not
imported: that alone takes longer than measuring.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.intervals import Measured
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metrics.confusion import mean_of_defined, ratio
from astroclf.evaluation.metrics.label_intervals import (
    estimate_metrics,
    measure_classes,
    measure_overall,
    measured_ece,
    notes_of_classes,
)
from astroclf.evaluation.metrics.label_sums import LabelSums
from astroclf.evaluation.metrics.ranking import Ranking
from astroclf.evaluation.metrics.scores import Scores
from astroclf.evaluation.resampling import Resampling, replicate
from astroclf.settings.metrics import class_metric_names, metric_names

LABEL_METRICS = metric_names("classes")
PER_CLASS = class_metric_names("classes")


def score_labels(
    predictions: Predicted, labels: Labels, losses: np.ndarray, bins: int
) -> dict[str, float]:
    """Return every metric of `LABEL_METRICS`; NaN where one is not defined.

    - accuracy, balanced_accuracy (mean recall of the classes present), macro_f1 (mean over classes
      present or predicted), mcc (Gorodkin 2004; 0 where it is not defined).
    - roc_auc, average_precision: of class 1, the positive one, for two classes, else the mean over the classes
      present, each against the rest.
    - log_loss: natural logarithm, probabilities clipped at 2.2e-16. brier: the squared distance to
      the truth, halved for two classes. Both are means over images, as is loss.
    - ece: expected calibration error of the most probable class in `bins` equally wide bins of
      confidence (Guo et al. 2017, arXiv:1706.04599, equation 3).

    The first four are of the labels, the others of the probabilities.

    predictions: probabilities (N, K) float64, rows sum to 1. losses: (N,) the training loss of each
    image.
    """
    statistic = LabelStatistic(predictions, labels.targets, losses, bins)
    figures = statistic.figures(np.ones((1, len(labels))))
    return {metric: float(figures[metric][0]) for metric in LABEL_METRICS}


def score_labels_with_intervals(
    predictions: Predicted, labels: Labels, losses: np.ndarray, bins: int, resampling: Resampling
) -> Scores:
    """Return every metric of `LABEL_METRICS`, and every metric of `PER_CLASS` of each class.

    Each metric has a 95 % interval, or a note with the reason why it has none, see `label_intervals`.
    The ROC-AUC and average precision of a class are against the rest.
    """
    targets, classes = labels.targets, labels.classes
    statistic = LabelStatistic(predictions, targets, losses, bins)
    replicates = replicate(statistic.figures, len(targets), resampling, targets)
    notes = notes_of_classes(labels, resampling)
    sums = statistic.sums
    per_class: dict[str, dict[str, Measured | int]] = {
        name: {"n": int(np.sum(targets == k))} for k, name in enumerate(classes)
    }
    for metric in PER_CLASS:
        of_classes = replicates[f"{metric}_of_class"]
        for name, figure in zip(
            classes, measure_classes(metric, of_classes, sums, notes), strict=True
        ):
            per_class[name][metric] = figure
    return Scores(measure_overall(LABEL_METRICS, replicates, sums, notes), per_class)


def mean_with_intervals(
    networks: Sequence[Predicted], labels: Labels, bins: int, resampling: Resampling
) -> dict[str, Measured]:
    """Return the mean of each metric of `LabelSums` over several networks, with its 95 % interval.

    Every network is measured on the same resample of the images, so that the interval is that of
    their mean for images of this kind; it does not include the spread between networks.

    networks: predictions of each for the same N images.
    """
    targets = labels.targets
    sums = [LabelSums(predictions, targets, bins) for predictions in networks]

    def means(weights: np.ndarray) -> dict[str, np.ndarray]:
        figures = [each.figures(weights) for each in sums]
        return {name: np.mean([each[name] for each in figures], axis=0) for name in figures[0]}

    replicates = replicate(means, len(targets), resampling, targets)
    metrics = [metric for metric in LABEL_METRICS if metric in replicates]
    notes = notes_of_classes(labels, resampling)
    if len(sums) == 1:
        return measure_overall(metrics, replicates, sums[0], notes)
    others = [metric for metric in metrics if metric != "ece"]
    found = estimate_metrics(others, replicates, notes)
    ece = float(replicates["ece"].value)
    return {**found, "ece": measured_ece(ece if np.isfinite(ece) else None, sums)}


class LabelStatistic:
    """Metrics of one set of predictions for any weights (R, N)."""

    def __init__(
        self, predictions: Predicted, targets: np.ndarray, losses: np.ndarray, bins: int
    ) -> None:
        self.sums = LabelSums(predictions, targets, bins)
        self._rankings = [
            Ranking(of_class, targets == k)
            for k, of_class in enumerate(predictions.probabilities.T)
        ]
        self._losses = losses

    def figures(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """metric of `LABEL_METRICS` -> (R,); `<metric of PER_CLASS>_of_class` -> (R, K)."""
        areas = [ranking.areas(weights) for ranking in self._rankings]
        roc_auc = np.stack([area[0] for area in areas], axis=1)
        average_precision = np.stack([area[1] for area in areas], axis=1)
        figures = self.sums.figures(weights)
        return {
            **figures,
            "loss": ratio(weights @ self._losses, weights.sum(axis=1)),
            "roc_auc": _of_all_classes(roc_auc),
            "average_precision": _of_all_classes(average_precision),
            "roc_auc_of_class": roc_auc,
            "average_precision_of_class": average_precision,
        }


def _of_all_classes(areas: np.ndarray) -> np.ndarray:
    """Return the area of the positive class of two, or the mean over the classes present, (R,)."""
    return areas[:, 1] if areas.shape[1] == 2 else mean_of_defined(areas)
