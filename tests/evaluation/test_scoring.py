"""Scorer: one interface for classes and votes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.scoring import Scorer
from astroclf.settings.metrics import metric_names

RNG = np.random.default_rng(0)
SCORER = Scorer(bins=10, resamples=50, seed=0)
TARGETS, P = RNG.integers(0, 3, 90), RNG.dirichlet(np.ones(3), 90)
CLASSES = make_labels(TARGETS, "abc"), Predicted.most_probable(P)
VOTES = make_labels(RNG.random((90, 3)), "abc"), Predicted(P, P > 0.5)
LOSSES = RNG.random(90)


def test_settings_of_scoring_come_from_the_evaluation(settings: Any) -> None:
    chosen = settings("evaluation.calibration_bins=7", "evaluation.bootstrap_resamples=9", "seed=4")
    assert Scorer.from_settings(chosen) == Scorer(7, 9, 4)


@pytest.mark.parametrize(("labels", "predicted"), [CLASSES, VOTES], ids=["classes", "votes"])
def test_values_are_those_of_the_scores_without_intervals(labels: Any, predicted: Any) -> None:
    values = SCORER.values(predicted, labels, LOSSES)
    overall = SCORER.scores(predicted, labels, LOSSES).overall
    assert tuple(values) == tuple(overall) == metric_names(labels.kind)
    for name, value in values.items():
        assert overall[name]["value"] == pytest.approx(value)


def test_resampling_is_by_the_groups_of_the_labels() -> None:
    groups = np.arange(90) // 3
    assert SCORER.resampling(make_labels(TARGETS, "abc", groups)).groups is groups
    assert SCORER.resampling(CLASSES[0]).unit == "image"


def test_out_of_fold_ranks_classes_within_folds_and_gives_the_loss_no_interval() -> None:
    folds = np.arange(90) % 3
    labels, predicted = CLASSES
    found = SCORER.out_of_fold(predicted, labels, LOSSES, folds)
    pooled = SCORER.scores(predicted, labels, LOSSES).overall
    assert found["roc_auc"]["value"] != pooled["roc_auc"]["value"]
    assert found["accuracy"] == pooled["accuracy"]
    assert found["loss"] == {"value": pytest.approx(LOSSES.mean()), "ci95": None}
    assert set(SCORER.out_of_fold(VOTES[1], VOTES[0], LOSSES, folds)) == {"loss", "rmse", "r2"}


def test_mean_of_networks_is_of_classes_alone() -> None:
    labels, predicted = CLASSES
    several = SCORER.mean_of_networks([predicted, predicted], labels)
    alone = SCORER.values(predicted, labels, LOSSES)
    assert several["mcc"]["value"] == pytest.approx(alone["mcc"])
    assert SCORER.mean_of_networks([VOTES[1]], VOTES[0]) == {}
