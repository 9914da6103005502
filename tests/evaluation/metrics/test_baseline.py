"""The constant baseline, against scikit-learn's dummy estimators."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import accuracy_score, f1_score, log_loss, r2_score, root_mean_squared_error

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.metrics.baseline import Baseline, baseline_warnings, constant_baseline
from astroclf.evaluation.metrics.scores import Scores
from astroclf.evaluation.scoring import Scorer

RNG = np.random.default_rng(0)
SCORER = Scorer(bins=15, resamples=0, seed=0)
CLASSES = ("elliptical", "spiral", "star")
TRAIN = RNG.choice(3, 300, p=(0.2, 0.5, 0.3))
TEST = RNG.choice(3, 200, p=(0.3, 0.4, 0.3))


def scores_of(metric: str, value: float, ci95: list[float] | None) -> Scores:
    return Scores({metric: {"value": value, "ci95": ci95}}, {})


def test_baseline_of_classes_equals_the_prior_dummy_of_scikit_learn() -> None:
    dummy = DummyClassifier(strategy="prior").fit(TRAIN[:, None], TRAIN)
    labels, probabilities = dummy.predict(TEST[:, None]), dummy.predict_proba(TEST[:, None])
    baseline = constant_baseline(make_labels(TRAIN, CLASSES), make_labels(TEST, CLASSES), SCORER)
    assert baseline.prediction == "always spiral, the most frequent class in train"
    assert baseline.metrics["accuracy"] == pytest.approx(accuracy_score(TEST, labels))
    assert baseline.metrics["macro_f1"] == pytest.approx(f1_score(TEST, labels, average="macro"))
    assert baseline.metrics["log_loss"] == pytest.approx(log_loss(TEST, probabilities))
    assert baseline.metrics["roc_auc"] == 0.5
    assert "loss" not in baseline.metrics


def test_baseline_of_votes_equals_the_mean_dummy_of_scikit_learn() -> None:
    train, test = RNG.random((300, 3)), RNG.random((200, 3))
    predicted = DummyRegressor().fit(np.zeros((300, 1)), train).predict(np.zeros((200, 1)))
    metrics = constant_baseline(
        make_labels(train, CLASSES), make_labels(test, CLASSES), SCORER
    ).metrics
    assert metrics["rmse"] == pytest.approx(
        root_mean_squared_error(test.ravel(), predicted.ravel())
    )
    assert metrics["r2"] == pytest.approx(
        r2_score(test, predicted, multioutput="variance_weighted")
    )


def test_one_label_for_every_image_is_warned_of() -> None:
    predicted = Predicted(np.zeros((40, 3)), np.full(40, 1))
    labels, scores = make_labels(TEST[:40], CLASSES), scores_of("accuracy", 0.9, [0.8, 0.95])
    (warning,) = baseline_warnings("test", scores, predicted, labels, Baseline("", {}))
    assert warning.startswith("Every image of test is labeled spiral: ")


@pytest.mark.parametrize(
    ("metric", "value", "ci95", "warned"),
    [
        ("accuracy", 0.60, [0.55, 0.65], False),
        ("accuracy", 0.60, [0.45, 0.75], True),
        ("accuracy", 0.60, None, False),
        ("accuracy", 0.50, None, True),
        ("rmse", 0.40, [0.35, 0.45], False),
        ("rmse", 0.49, [0.47, 0.51], True),
    ],
)
def test_a_network_that_does_not_beat_the_baseline_is_warned_of(
    metric: str, value: float, ci95: list[float] | None, warned: bool
) -> None:
    targets = np.zeros((40, 3)) if metric == "rmse" else TEST[:40]
    predicted = Predicted(np.zeros((40, 3)), np.arange(40) % 3)
    baseline = Baseline("always spiral", {metric: 0.5})
    found = baseline_warnings(
        "val",
        scores_of(metric, value, ci95),
        predicted,
        make_labels(targets, CLASSES),
        baseline,
    )
    assert bool(found) == warned
    if warned:
        assert "always spiral" in found[0]
        assert "0.500" in found[0]
