from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from astroclf.evaluation.decisions.activation import most_probable
from astroclf.evaluation.decisions.comparison import (
    OF_LABELS,
    OF_VOTES,
    compare_decisions,
)
from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.metrics.label_metrics import score_labels_with_intervals
from astroclf.evaluation.resampling import Resampling

DRAWN = {"bins": 10, "resampling": Resampling(200, 3)}


@pytest.fixture(scope="module")
def classes():
    """Two decisions on the same 300 images of three unbalanced classes."""
    rng = np.random.default_rng(0)
    targets = rng.choice(3, 300, p=[0.7, 0.2, 0.1])
    p = rng.dirichlet(np.ones(3), 300) + 0.7 * np.eye(3)[targets]
    p /= p.sum(axis=1, keepdims=True)
    cooler = p**2 / (p**2).sum(axis=1, keepdims=True)
    plain = Predicted.most_probable(p)
    return plain, Predicted(cooler, most_probable(cooler, (0.28, 0.3, 0.42))), targets


@pytest.fixture(scope="module")
def votes():
    rng = np.random.default_rng(1)
    truth = rng.random((200, 4)) * [1, 1, 0.9, 0.4]  # nobody says the last answer
    fractions = np.clip(truth + rng.normal(0, 0.2, truth.shape), 0, 1)
    tuned = Predicted(fractions, fractions > [0.4, 0.5, 0.6, 0.9])
    return Predicted(fractions**1.5, fractions**1.5 > 0.5), tuned, truth


def test_each_side_has_the_metrics_that_its_labels_have_alone(classes):
    plain, tuned, targets = classes
    compared = compare_decisions(plain, tuned, make_labels(targets, "abc"), **DRAWN)
    assert tuple(compared.metrics) == OF_LABELS
    for side, decided in (("plain", plain), ("tuned", tuned)):
        alone = score_labels_with_intervals(
            decided, make_labels(targets, "abc"), np.zeros(300), **DRAWN
        )
        for metric in OF_LABELS:
            assert getattr(compared.metrics[metric], side) == alone.overall[metric]


def test_a_gain_is_of_the_same_images_on_both_sides(classes):
    plain, tuned, targets = classes
    metrics = compare_decisions(plain, tuned, make_labels(targets, "abc"), **DRAWN).metrics
    low, high = metrics["mcc"].gain["ci95"]
    assert metrics["mcc"].gain["value"] == pytest.approx(
        metrics["mcc"].tuned["value"] - metrics["mcc"].plain["value"]
    )
    assert high - low < np.ptp(metrics["mcc"].plain["ci95"])
    right = [(each.labels == targets).astype(float) for each in (plain, tuned)]
    errors = [
        np.sum(
            [
                (right[1] - right[0])[targets == k].var(ddof=1) * np.sum(targets == k)
                for k in range(3)
            ]
        )
    ]
    low, high = metrics["accuracy"].gain["ci95"]
    half = 1.968 * np.sqrt(errors[0]) / 300
    assert (high - low) / 2 == pytest.approx(half, rel=0.2)
    # Lower is better for ece, which has no interval.
    ece = metrics["ece"]
    assert ece.gain["value"] == pytest.approx(ece.plain["value"] - ece.tuned["value"])
    assert ece.gain["ci95"] is None


def test_the_same_decision_twice_gains_exactly_nothing(classes):
    plain, _, targets = classes
    for comparison in compare_decisions(
        plain, plain, make_labels(targets, "abc"), **DRAWN
    ).metrics.values():
        assert comparison.gain["value"] == 0.0
        assert comparison.gain["ci95"] is None


def test_metrics_of_answers_are_those_of_scikit_learn(votes):
    plain, tuned, truth = votes
    metrics = compare_decisions(plain, tuned, make_labels(truth, "abcd"), **DRAWN).metrics
    assert tuple(metrics) == OF_VOTES
    true = truth >= 0.5
    for side, decided in (("plain", plain), ("tuned", tuned)):
        values = {name: getattr(metrics[name], side)["value"] for name in OF_VOTES}
        f1 = sk.f1_score(true, decided.labels, average="macro", zero_division=0)
        assert values["macro_f1"] == pytest.approx(f1)
        assert values["accuracy"] == pytest.approx(np.mean(true == decided.labels))
        assert values["brier"] == pytest.approx(np.mean((decided.probabilities - truth) ** 2))
        assert values["ece"] == pytest.approx(vote_error(decided.probabilities, truth))


def vote_error(fractions, truth):
    """Guo et al. (2017), equation 3, one bin after the other."""
    p, y = fractions.ravel(), truth.ravel()
    bin_of = np.maximum(np.ceil(p * 10) - 1, 0)
    return sum(
        np.mean(bin_of == b) * abs(p[bin_of == b].mean() - y[bin_of == b].mean())
        for b in np.unique(bin_of)
    )


def test_groups_widen_the_interval_and_without_resamples_there_is_none(classes):
    plain, tuned, targets = classes
    groups = np.argsort(np.argsort(plain.labels != targets, kind="stable")) // 15
    alone = compare_decisions(plain, tuned, make_labels(targets, "abc"), **DRAWN).metrics["mcc"]
    named = {"bins": 10, "resampling": Resampling(60, 3, groups)}
    grouped = compare_decisions(plain, tuned, make_labels(targets, "abc"), **named).metrics["mcc"]
    assert grouped.plain["value"] == alone.plain["value"]
    assert np.ptp(grouped.plain["ci95"]) > 1.5 * np.ptp(alone.plain["ci95"])
    named = {"bins": 10, "resampling": Resampling(0, 3)}
    none = compare_decisions(plain, tuned, make_labels(targets, "abc"), **named)
    assert none.metrics["mcc"].gain["ci95"] is None
