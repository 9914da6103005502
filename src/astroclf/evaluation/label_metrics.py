"""Metrics of predicted classes.

Each metric is defined once, as a function of how often every image counts: weights of one give the
figure itself, bootstrap weights its interval. Definitions are scikit-learn's, which is
not imported: that alone takes longer than measuring.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from astroclf.evaluation.intervals import Measured, bootstrap
from astroclf.evaluation.metrics import Scores
from astroclf.evaluation.ranking import Ranking

OVERALL = (
    "loss",
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "mcc",
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "ece",
)
PER_CLASS = ("precision", "recall", "f1", "roc_auc")


def score_labels(
    probabilities: np.ndarray, targets: np.ndarray, losses: np.ndarray, *, bins: int
) -> dict[str, float]:
    """Every metric of `OVERALL`; NaN where one is not defined.

    - accuracy, balanced_accuracy (mean recall of the classes present), macro_f1 (mean over classes
      present or predicted), mcc (Gorodkin 2004; 0 where it is not defined).
    - roc_auc, average_precision: of class 1 for two classes, else the mean over the classes
      present, each against the rest.
    - log_loss: natural logarithm, probabilities clipped at 2.2e-16. brier: the squared distance to
      the truth, halved for two classes. Both are means over images, as is loss.
    - ece: expected calibration error of the predicted class in `bins` equally wide bins of
      confidence (Guo et al. 2017, arXiv:1706.04599, equation 3).

    probabilities: (N, K) float64, rows sum to 1; the predicted class is the most probable one.
    targets: (N,) int64. losses: (N,) the training loss of each image.
    """
    statistic = _LabelStatistic(probabilities, targets, losses, bins)
    values = statistic.overall(np.ones((1, len(targets))))
    return dict(zip(OVERALL, values[0].tolist(), strict=True))


def score_labels_with_intervals(
    probabilities: np.ndarray,
    targets: np.ndarray,
    losses: np.ndarray,
    classes: Sequence[str],
    *,
    bins: int,
    groups: np.ndarray | None,
    resamples: int,
    seed: int,
) -> Scores:
    """What `score_labels` measures, and precision, recall, f1 and roc_auc of each class.

    Every figure has a 95 % bootstrap interval (see `intervals.bootstrap`), all from the same
    resamples. The ROC-AUC of a class is against the rest.
    """
    statistic = _LabelStatistic(probabilities, targets, losses, bins)
    figures = iter(
        bootstrap(
            statistic.overall_and_per_class,
            len(targets),
            groups=groups,
            resamples=resamples,
            seed=seed,
        )
    )
    overall = {metric: next(figures) for metric in OVERALL}
    per_class: dict[str, dict[str, Measured | int]] = {
        name: {"n": int(np.sum(targets == index))} for index, name in enumerate(classes)
    }
    for metric in PER_CLASS:
        for name in classes:
            per_class[name][metric] = next(figures)
    return Scores(overall, per_class)


def confusion_matrix(targets: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Counts (K, K) int64: a row for each true class, a column for each predicted one."""
    cells = np.bincount(targets * n_classes + predicted, minlength=n_classes * n_classes)
    return cells.reshape(n_classes, n_classes)


def calibration_bin(confidence: np.ndarray, bins: int) -> np.ndarray:
    """The bin of each confidence: bin b holds those in (b/bins, (b+1)/bins]; (N,) int64."""
    return np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1).astype(np.int64)


class _LabelStatistic:
    """The metrics of one set of predictions for any weights (R, N).

    All but the areas under curves follow from sums over images, so that one product of the weights
    with a table of what each image adds to each sum gives them for all R at once.
    """

    def __init__(
        self, probabilities: np.ndarray, targets: np.ndarray, losses: np.ndarray, bins: int
    ) -> None:
        identity = np.eye(probabilities.shape[1])
        truth = identity[targets]
        label = np.argmax(probabilities, axis=1)
        confidence = probabilities[np.arange(len(label)), label]
        used, bin_of = np.unique(calibration_bin(confidence, bins), return_inverse=True)
        too_sure = confidence - (label == targets)
        self._scores = probabilities
        self._rankings = _rankings(probabilities, targets)
        tables = (
            truth,
            identity[label],
            truth * identity[label],
            np.eye(len(used))[bin_of] * too_sure[:, None],
            _sums_of_images(probabilities, targets, truth, losses),
        )
        self._table = np.hstack(tables)
        self._edges = np.cumsum([table.shape[1] for table in tables])[:-1]

    def overall(self, weights: np.ndarray) -> np.ndarray:
        """The metrics of `OVERALL`, (R, 10)."""
        return self.overall_and_per_class(weights)[:, : len(OVERALL)]

    def overall_and_per_class(self, weights: np.ndarray) -> np.ndarray:
        """The metrics of `OVERALL`, then each of `PER_CLASS` for all classes, (R, 10 + 4 K)."""
        sums = np.split(weights @ self._table, self._edges, axis=1)
        true, predicted, hits, bin_gaps, image_sums = sums
        n = weights.sum(axis=1)
        areas = [ranking.areas(weights) for ranking in self._rankings]
        roc_auc = np.stack([area[0] for area in areas], axis=1)
        average_precision = np.stack([area[1] for area in areas], axis=1)
        precision, recall = _ratio(hits, predicted), _ratio(hits, true)
        f1 = _ratio(2 * hits, true + predicted)
        loss, log_loss, brier = _ratio(image_sums, n[:, None]).T
        overall = (
            loss,
            _ratio(hits.sum(axis=1), n),
            _mean_of_defined(recall),
            _mean_of_defined(f1),
            _mcc(true, predicted, hits, n),
            _mean_of_defined(roc_auc),
            _mean_of_defined(average_precision),
            log_loss,
            brier,
            _ratio(np.abs(bin_gaps).sum(axis=1), n),
        )
        if true.shape[1] == 2:
            # The class 0 of two is ranked as class 1 is, from the other end.
            roc_auc = np.repeat(roc_auc, 2, axis=1)
        return np.hstack([np.stack(overall, axis=1), precision, recall, f1, roc_auc])


def _rankings(probabilities: np.ndarray, targets: np.ndarray) -> list[Ranking]:
    """One ranking a class; of class 1 alone for two classes."""
    n_classes = probabilities.shape[1]
    ranked_classes = [1] if n_classes == 2 else range(n_classes)
    return [Ranking(probabilities[:, k], targets == k) for k in ranked_classes]


def _sums_of_images(
    probabilities: np.ndarray, targets: np.ndarray, truth: np.ndarray, losses: np.ndarray
) -> np.ndarray:
    """Loss, log loss and Brier score of each image, (N, 3)."""
    of_truth = probabilities[np.arange(len(targets)), targets]
    tiny = np.finfo(np.float64).eps
    log_loss = -np.log(np.clip(of_truth, tiny, 1 - tiny))
    halved = 0.5 if probabilities.shape[1] == 2 else 1.0
    brier = halved * np.sum((probabilities - truth) ** 2, axis=1)
    return np.stack([losses, log_loss, brier], axis=1)


def _mcc(true: np.ndarray, predicted: np.ndarray, hits: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Matthews' correlation for K classes (Gorodkin 2004, Comput. Biol. Chem. 28, 367), (R,)."""
    covariance = hits.sum(axis=1) * n - np.sum(true * predicted, axis=1)
    spread = (n**2 - np.sum(true**2, axis=1)) * (n**2 - np.sum(predicted**2, axis=1))
    defined = np.where(spread > 0, spread, 1.0)
    return np.where(spread > 0, covariance / np.sqrt(defined), 0.0)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return part / whole


def _mean_of_defined(values: np.ndarray) -> np.ndarray:
    """The mean of each row without its NaNs, NaN where all are: (R, K) -> (R,)."""
    return _ratio(np.nansum(values, axis=1), np.sum(~np.isnan(values), axis=1))
