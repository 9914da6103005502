"""Metrics of predicted vote fractions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from astroclf.evaluation.confusion import ratio
from astroclf.evaluation.intervals import Measured, bootstrap
from astroclf.evaluation.metrics import Scores
from astroclf.settings.sections import VOTE_METRICS

PER_ANSWER = ("rmse", "bias", "r2")


def score_votes(predictions: np.ndarray, votes: np.ndarray, losses: np.ndarray) -> dict[str, float]:
    """Return every metric of `VOTE_METRICS`; NaN where one is not defined.

    - loss: mean over images.
    - rmse: root mean square error over all images and answers.
    - r2: coefficient of determination, 1 - sum of squared errors / sum of squared deviations from
      the mean vote of each answer; 0 is as good as always giving that mean (scikit-learn's
      `r2_score` with `multioutput="variance_weighted"`).

    predictions, votes: (N, K) in [0, 1]. losses: (N,) the training loss of each image.
    """
    statistic = _VoteStatistic(predictions, votes, losses)
    values = statistic(np.ones((1, len(votes))))[0]
    return dict(zip(VOTE_METRICS, values.tolist(), strict=False))


def score_votes_with_intervals(
    predictions: np.ndarray,
    votes: np.ndarray,
    losses: np.ndarray,
    answers: Sequence[str],
    *,
    groups: np.ndarray | None,
    resamples: int,
    seed: int,
) -> Scores:
    """Measure `score_votes`, and rmse, bias and r2 of each answer, with 95 % bootstrap intervals.

    bias: mean of predicted minus true vote fraction.
    """
    figures = iter(
        bootstrap(
            _VoteStatistic(predictions, votes, losses),
            len(votes),
            groups=groups,
            resamples=resamples,
            seed=seed,
        )
    )
    overall = {metric: next(figures) for metric in VOTE_METRICS}
    per_class: dict[str, dict[str, Measured | int]] = {
        answer: {"n": len(votes)} for answer in answers
    }
    for metric in PER_ANSWER:
        for answer in answers:
            per_class[answer][metric] = next(figures)
    return Scores(overall, per_class)


class _VoteStatistic:
    """The metrics of `VOTE_METRICS`, then each of `PER_ANSWER` for all answers, (R, 3 + 3 K)."""

    def __init__(self, predictions: np.ndarray, votes: np.ndarray, losses: np.ndarray) -> None:
        truth = votes.astype(np.float64)
        errors = predictions - truth
        deviations = truth - truth.mean(axis=0) if len(truth) else truth
        self._n_answers = votes.shape[1]
        self._table = np.column_stack([losses, errors, errors**2, deviations, deviations**2])

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        means = ratio(weights @ self._table, weights.sum(axis=1, keepdims=True))
        bias, squares, shift, spread = np.split(means[:, 1:], 4, axis=1)
        variance = spread - shift**2
        overall = (means[:, 0], np.sqrt(squares.mean(axis=1)), _r2(squares, variance))
        per_answer = (np.sqrt(squares), bias, 1 - ratio(squares, _positive(variance)))
        return np.column_stack([*overall, *per_answer])


def _r2(squares: np.ndarray, variance: np.ndarray) -> np.ndarray:
    return 1 - ratio(squares.sum(axis=1), _positive(variance.sum(axis=1)))


def _positive(variance: np.ndarray) -> np.ndarray:
    """Return the variance with rounding errors of a constant answer as 0."""
    return np.where(variance > 1e-12, variance, 0.0)
