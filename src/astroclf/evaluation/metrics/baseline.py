"""Baseline: the constant prediction that a trained network has to beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metrics.scores import Scores
from astroclf.evaluation.scoring import Scorer
from astroclf.settings.metrics import METRICS


@dataclass(frozen=True)
class Baseline:
    """Metrics of one split under the best constant prediction of the training split.

    prediction: the constant, in words, such as "always galaxy, the most frequent class in train".
    metrics: metric -> value; without `loss`, and without metrics that are not defined.
    """

    prediction: str
    metrics: dict[str, float]


def constant_baseline(train: Labels, labels: Labels, scorer: Scorer) -> Baseline:
    """Score the class shares of train as probabilities of every image, or its mean votes.

    Labels are then always the most frequent class of train (scikit-learn's
    `DummyClassifier(strategy="prior")`, and `DummyRegressor` for votes).
    """
    constant, description = train.constant_prediction(len(labels))
    no_losses = np.full(len(labels), np.nan)
    values = scorer.values(Predicted.most_probable(constant), labels, no_losses)
    return Baseline(
        description, {name: value for name, value in values.items() if np.isfinite(value)}
    )


def baseline_warnings(
    split: str, scores: Scores, predictions: Predicted, labels: Labels, baseline: Baseline
) -> list[str]:
    """Return a warning if every image got one label, or else if the baseline is not beaten.

    It is beaten where the whole 95 % interval of the headline metric (accuracy, or rmse of votes)
    is better, or the value itself where there is no interval.
    """
    only_label = labels.only_label(predictions)
    if only_label is not None:
        return [
            f"Every image of {split} is labeled {only_label}: the network does not separate the "
            "classes. Train longer, or with another learning rate; if that class is far more frequent than the "
            "others, raise evaluation.logit_adjustment."
        ]
    metric = labels.headline
    figure, reference = scores.overall[metric], baseline.metrics.get(metric)
    if figure["value"] is None or reference is None:
        return []
    bounds = figure["ci95"] or [figure["value"]]
    if min(METRICS[metric].gain(bound, reference) for bound in bounds) > 0:
        return []
    interval = f" [{bounds[0]:.3f}, {bounds[1]:.3f}]" if figure["ci95"] else ""
    return [
        f"{metric} on {split} is {figure['value']:.3f}{interval}, not significantly better than {reference:.3f} of the baseline "
        f"({baseline.prediction}): these images do not show that the network has learned anything."
    ]
