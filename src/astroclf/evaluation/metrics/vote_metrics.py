"""Metrics of predicted vote fractions."""

from __future__ import annotations

import numpy as np

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.intervals import Measured, estimate
from astroclf.evaluation.labels import Labels, VoteLabels
from astroclf.evaluation.metrics.confusion import ratio
from astroclf.evaluation.metrics.question_metrics import score_questions
from astroclf.evaluation.metrics.scores import Scores
from astroclf.evaluation.resampling import Resampling, replicate
from astroclf.settings.metrics import METRICS, class_metric_names, metric_names

VOTE_METRICS = metric_names("votes")
PER_ANSWER = class_metric_names("votes")


def score_votes(
    predictions: Predicted, labels: Labels, losses: np.ndarray, bins: int
) -> dict[str, float]:
    """Return every metric of `VOTE_METRICS`; NaN where one is not defined.

    - loss: mean over images.
    - rmse: root mean square error over all images and answers, as the Galaxy Zoo challenge is scored.
    - r2: coefficient of determination, 1 - sum of squared errors / sum of squared deviations from
      the mean vote of each answer; 0 is as good as always giving that mean (scikit-learn's
      `r2_score` with `multioutput="variance_weighted"`).

    losses: (N,) the training loss of each image. bins: of no effect on these metrics.
    """
    statistic = VoteStatistic(predictions.probabilities, labels.targets, losses)
    figures = statistic.figures(np.ones((1, len(labels))))
    return {metric: float(figures[metric][0]) for metric in VOTE_METRICS}


def score_votes_with_intervals(
    predictions: Predicted, labels: Labels, losses: np.ndarray, bins: int, resampling: Resampling
) -> Scores:
    """Return the metrics of `score_votes`, and rmse, bias and r2 of each answer, with 95 % intervals.

    Questions of a decision tree have metrics of their own, see `score_questions`.

    bias: mean of predicted minus true vote fraction.
    """
    statistic = VoteStatistic(predictions.probabilities, labels.targets, losses)
    replicates = replicate(statistic.figures, len(labels), resampling)
    overall = {
        metric: estimate(replicates[metric], METRICS[metric].scale) for metric in VOTE_METRICS
    }
    per_class: dict[str, dict[str, Measured | int]] = {
        answer: {
            "n": len(labels),
            **{
                metric: estimate(
                    replicates[f"{metric}_of_answer"].of_class(k), METRICS[metric].scale
                )
                for metric in PER_ANSWER
            },
        }
        for k, answer in enumerate(labels.classes)
    }
    per_question = (
        score_questions(predictions.probabilities, labels, bins, resampling)
        if isinstance(labels, VoteLabels)
        else {}
    )
    return Scores(overall, per_class, per_question)


class VoteStatistic:
    """Metrics of one set of predictions for any weights (R, N)."""

    def __init__(self, predictions: np.ndarray, votes: np.ndarray, losses: np.ndarray) -> None:
        truth = votes.astype(np.float64)
        errors = predictions - truth
        deviations = truth - truth.mean(axis=0) if len(truth) else truth
        self._table = np.column_stack([losses, errors, errors**2, deviations, deviations**2])

    def figures(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """metric of `VOTE_METRICS` -> (R,); `<metric of PER_ANSWER>_of_answer` -> (R, K)."""
        means = ratio(weights @ self._table, weights.sum(axis=1, keepdims=True))
        bias, squares, shift, spread = np.split(means[:, 1:], 4, axis=1)
        variance = spread - shift**2
        return {
            "loss": means[:, 0],
            "rmse": np.sqrt(squares.mean(axis=1)),
            "r2": _r2(squares, variance),
            "rmse_of_answer": np.sqrt(squares),
            "bias_of_answer": bias,
            "r2_of_answer": 1 - ratio(squares, _positive(variance)),
        }


def _r2(squares: np.ndarray, variance: np.ndarray) -> np.ndarray:
    return 1 - ratio(squares.sum(axis=1), _positive(variance.sum(axis=1)))


def _positive(variance: np.ndarray) -> np.ndarray:
    """Return the variance with rounding errors of a constant answer as 0."""
    return np.where(variance > 1e-12, variance, 0.0)
