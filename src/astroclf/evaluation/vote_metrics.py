"""Metrics of predicted vote fractions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from astroclf.evaluation.intervals import Measured, bootstrap
from astroclf.evaluation.metrics import Scores
from astroclf.settings.sections import VOTE_METRICS


def score_votes(predictions: np.ndarray, votes: np.ndarray, losses: np.ndarray) -> dict[str, float]:
    """loss (mean over images), and rmse over all images and answers; NaN without images.

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
    """What `score_votes` measures, and the rmse of each answer, with 95 % bootstrap intervals."""
    figures = bootstrap(
        _VoteStatistic(predictions, votes, losses),
        len(votes),
        groups=groups,
        resamples=resamples,
        seed=seed,
    )
    overall = dict(zip(VOTE_METRICS, figures, strict=False))
    per_class: dict[str, dict[str, Measured | int]] = {
        answer: {"n": len(votes), "rmse": figure}
        for answer, figure in zip(answers, figures[len(VOTE_METRICS) :], strict=True)
    }
    return Scores(overall, per_class)


class _VoteStatistic:
    """loss, rmse, and the rmse of each answer, (R, 2 + K), for weights (R, N)."""

    def __init__(self, predictions: np.ndarray, votes: np.ndarray, losses: np.ndarray) -> None:
        squares = (predictions.astype(np.float64) - votes) ** 2
        self._table = np.column_stack([losses, squares.mean(axis=1), squares])

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            means = (weights @ self._table) / weights.sum(axis=1, keepdims=True)
        means[:, 1:] = np.sqrt(means[:, 1:])
        return means
