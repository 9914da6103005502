"""The constant prediction that a trained network has to beat, and warnings where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astroclf.evaluation.decisions.decision import Decided
from astroclf.evaluation.metrics.label_metrics import score_labels
from astroclf.evaluation.metrics.scores import Scores
from astroclf.evaluation.metrics.vote_metrics import score_votes
from astroclf.settings.metrics import METRICS

HEADLINES = {False: "accuracy", True: "rmse"}  # has votes -> the metric that is shown first


@dataclass(frozen=True)
class Baseline:
    """The metrics of one split under the best constant prediction of the training split.

    prediction: the constant, in words, such as "always galaxy, the most frequent class in train".
    metrics: metric -> value; without `loss`, and without metrics that are not defined.
    """

    prediction: str
    metrics: dict[str, float]


def constant_baseline(
    train_targets: np.ndarray, targets: np.ndarray, classes: Sequence[str], *, bins: int
) -> Baseline:
    """Score the class shares of train as probabilities of every image, or its mean votes.

    Labels are then always the most frequent class of train (scikit-learn's
    `DummyClassifier(strategy="prior")`, and `DummyRegressor` for votes).

    train_targets, targets: (n,) and (N,) int64 class indices, or (n, K) and (N, K) vote fractions.
    bins: of ECE.
    """
    no_losses = np.full(len(targets), np.nan)
    if targets.ndim == 2:
        means = train_targets.mean(axis=0, dtype=np.float64)
        prediction = "always the mean vote fractions in train"
        metrics = score_votes(np.tile(means, (len(targets), 1)), targets, no_losses)
    else:
        shares = np.bincount(train_targets, minlength=len(classes)) / max(1, len(train_targets))
        prediction = f"always {classes[int(shares.argmax())]}, the most frequent class in train"
        constant = Decided.most_probable(np.tile(shares, (len(targets), 1)))
        metrics = score_labels(constant, targets, no_losses, bins=bins)
    return Baseline(
        prediction, {name: value for name, value in metrics.items() if np.isfinite(value)}
    )


def baseline_warnings(
    split: str,
    scores: Scores,
    labels: np.ndarray | None,
    classes: Sequence[str],
    baseline: Baseline,
) -> list[str]:
    """Return a warning if every image got one label, or else if the baseline is not beaten.

    It is beaten where the whole 95 % interval of the headline metric (accuracy, or rmse of votes)
    is better, or the value itself where there is no interval.

    labels: (N,) int64 labels of the split, or None for votes.
    """
    if labels is not None and len(labels) > 1 and len(np.unique(labels)) == 1:
        return [
            f"Every image of {split} is labeled {classes[int(labels[0])]}: the network does not separate the "
            "classes. Train longer, or with another learning rate; if that class is far more frequent than the "
            "others, raise evaluation.logit_adjustment."
        ]
    metric = HEADLINES[labels is None]
    figure, reference = scores.overall[metric], baseline.metrics.get(metric)
    if figure["value"] is None or reference is None:
        return []
    bounds = figure["ci95"] or [figure["value"]]
    if min(METRICS[metric].gain(bound, reference) for bound in bounds) > 0:
        return []
    interval = f" [{bounds[0]:.3f}, {bounds[1]:.3f}]" if figure["ci95"] else ""
    return [
        f"{metric} on {split} is {figure['value']:.3f}{interval}, not better than {reference:.3f} of the baseline "
        f"({baseline.prediction}): these images do not show that the network has learned anything."
    ]
