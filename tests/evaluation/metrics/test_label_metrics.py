from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from astroclf.evaluation.decisions.activation import most_probable
from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.intervals import wilson_interval
from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.metrics import label_metrics
from astroclf.evaluation.metrics.label_metrics import (
    mean_with_intervals,
    score_labels,
    score_labels_with_intervals,
)
from astroclf.evaluation.resampling import Resampling
from astroclf.settings.metrics import metric_names

LABEL_METRICS = metric_names("classes")

BINS = 10


@st.composite
def weighted_predictions(draw):
    """Probabilities with many ties, targets, losses, how often each image counts, and labels.

    The labels are the most probable classes (None), or others.
    """
    n_classes = draw(st.integers(2, 5))
    n_images = draw(st.integers(n_classes, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    levels = draw(st.sampled_from([2, 5, 1000]))
    raw = rng.integers(0, levels, (n_images, n_classes)) + rng.choice([0.0, 0.25])
    raw[raw.sum(axis=1) == 0] = 1.0
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    targets = rng.permutation(np.arange(n_images) % n_classes)
    weights = rng.integers(0, 4, n_images)
    weights[[np.argmin(targets), np.argmax(targets)]] += 1  # two classes count
    others = rng.integers(0, n_classes, n_images) if draw(st.booleans()) else raw.argmax(axis=1)
    return probabilities, targets, rng.random(n_images), weights, others


def expected_calibration_error(probabilities, targets):
    """Guo et al. (2017), equation 3, one bin after the other."""
    confidence, label = probabilities.max(axis=1), probabilities.argmax(axis=1)
    error = 0.0
    for low, high in [(b / BINS, (b + 1) / BINS) for b in range(BINS)]:
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            gap = abs((label == targets)[inside].mean() - confidence[inside].mean())
            error += inside.mean() * gap
    return error


def scikit_learn(probabilities, targets, losses, weights, labels):
    """All metrics of the images that count, each by scikit-learn with sample_weight."""
    counted = weights > 0
    p, y, w = probabilities[counted], targets[counted], weights[counted]
    label, n_classes = labels[counted], p.shape[1]
    every = list(range(n_classes))
    classes = [1] if n_classes == 2 else [k for k in every if (y == k).any()]
    ranked = [k for k in classes if 0 < (y == k).sum() < len(y)]
    auc = [sk.roc_auc_score(y == k, p[:, k], sample_weight=w) for k in ranked]
    ap = [
        sk.average_precision_score(y == k, p[:, k], sample_weight=w)
        for k in classes
        if (y == k).any()
    ]
    onehot = np.eye(n_classes)[y]
    return {
        "loss": np.average(losses[counted], weights=w),
        "accuracy": sk.accuracy_score(y, label, sample_weight=w),
        "balanced_accuracy": sk.recall_score(
            y, label, labels=np.unique(y), average="macro", sample_weight=w
        ),
        "macro_f1": sk.f1_score(y, label, average="macro", sample_weight=w, zero_division=0),
        "mcc": sk.matthews_corrcoef(y, label, sample_weight=w),
        "roc_auc": np.mean(auc) if auc else np.nan,
        "average_precision": np.mean(ap) if ap else np.nan,
        "log_loss": sk.log_loss(y, p, labels=every, sample_weight=w),
        "brier": sk.brier_score_loss(y, p[:, 1], sample_weight=w, pos_label=1)
        if n_classes == 2
        else np.average(((p - onehot) ** 2).sum(axis=1), weights=w),
        "ece": expected_calibration_error(np.repeat(p, w, axis=0), np.repeat(y, w)),
    }


@settings(max_examples=60, deadline=None)
@given(weighted_predictions())
def test_every_metric_is_that_of_scikit_learn_for_any_weights(case):
    probabilities, targets, losses, weights, labels = case
    statistic = label_metrics.LabelStatistic(
        Predicted(probabilities, labels), targets, losses, BINS
    )
    figures = statistic.figures(weights[None].astype(float))
    values = {metric: figures[metric][0] for metric in LABEL_METRICS}
    reference = scikit_learn(*case)
    for metric in LABEL_METRICS:
        assert values[metric] == pytest.approx(reference[metric], abs=1e-9, nan_ok=True), metric


@settings(max_examples=30, deadline=None)
@given(weighted_predictions())
def test_a_weight_counts_like_as_many_copies_of_the_image(case):
    probabilities, targets, losses, weights, _ = case
    statistic = label_metrics.LabelStatistic(
        Predicted.most_probable(probabilities), targets, losses, BINS
    )
    figures = statistic.figures(np.stack([weights, np.ones_like(weights)]).astype(float))
    values = np.stack([figures[metric] for metric in LABEL_METRICS], axis=1)
    copies, *others = [
        np.repeat(each, weights, axis=0) for each in (probabilities, targets, losses)
    ]
    repeated = score_labels(
        Predicted.most_probable(copies), make_labels(others[0], ()), others[1], BINS
    )
    np.testing.assert_allclose(values[0], list(repeated.values()), atol=1e-9)
    alone = score_labels(
        Predicted.most_probable(probabilities), make_labels(targets, ()), losses, BINS
    )
    np.testing.assert_allclose(values[1], list(alone.values()), atol=1e-9)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_multiclass_averages_are_those_that_scikit_learn_takes_itself(n_classes):
    rng = np.random.default_rng(3)
    p = rng.dirichlet(np.ones(n_classes), 300)
    y = rng.integers(0, n_classes, 300)
    values = score_labels(Predicted.most_probable(p), make_labels(y, ()), np.zeros(300), BINS)
    scores = p[:, 1] if n_classes == 2 else p
    assert values["roc_auc"] == pytest.approx(sk.roc_auc_score(y, scores, multi_class="ovr"))
    assert values["average_precision"] == pytest.approx(sk.average_precision_score(y, scores))
    assert values["balanced_accuracy"] == pytest.approx(
        sk.balanced_accuracy_score(y, p.argmax(axis=1))
    )
    if n_classes == 2:
        assert values["brier"] == pytest.approx(sk.brier_score_loss(y, p[:, 1]))


@pytest.mark.parametrize("decided", [False, True])
def test_figures_of_each_class_are_those_of_scikit_learn(decided):
    rng = np.random.default_rng(4)
    p, y = rng.dirichlet(np.ones(3), 200), rng.integers(0, 3, 200)
    labels = most_probable(p, (0.2, 0.2, 0.6)) if decided else None
    scores = measure(p, y, resamples=50, labels=labels)
    reference = sk.precision_recall_fscore_support(
        y, p.argmax(axis=1) if labels is None else labels
    )
    for index, name in enumerate("abc"):
        figures = scores.per_class[name]
        assert figures["n"] == reference[3][index]
        for metric, expected in zip(("precision", "recall", "f1"), reference, strict=False):
            assert figures[metric]["value"] == pytest.approx(expected[index], abs=1e-12)
            low, high = figures[metric]["ci95"]
            assert low < figures[metric]["value"] < high
        auc = sk.roc_auc_score(y == index, p[:, index])
        assert figures["roc_auc"]["value"] == pytest.approx(auc, abs=1e-12)


def test_labels_change_only_label_metrics():
    rng = np.random.default_rng(5)
    p, y = rng.dirichlet(np.ones(3), 200), rng.integers(0, 3, 200)
    plain, other = (
        score_labels(Predicted(p, labels), make_labels(y, ()), np.zeros(200), BINS)
        for labels in (p.argmax(axis=1), (p.argmax(axis=1) + 1) % 3)
    )
    changed = {metric for metric in LABEL_METRICS if plain[metric] != other[metric]}
    assert changed == {"accuracy", "balanced_accuracy", "macro_f1", "mcc"}


def test_one_class_alone_leaves_ranks_undefined_and_the_rest_measured():
    p = np.array([[0.8, 0.2], [0.3, 0.7]])
    values = score_labels(
        Predicted.most_probable(p), make_labels(np.array([0, 0]), ()), np.zeros(2), BINS
    )
    assert np.isnan(values["roc_auc"])
    assert np.isnan(values["average_precision"])
    assert values["accuracy"] == values["balanced_accuracy"] == 0.5
    scores = measure(p, np.array([0, 0]), classes="ab", resamples=20)
    assert scores.overall["roc_auc"] == {"value": None, "ci95": None}
    assert scores.per_class["b"]["recall"] == {"value": None, "ci95": None}


def test_no_resamples_give_figures_without_intervals():
    p, y = np.array([[0.8, 0.2], [0.3, 0.7]]), np.array([0, 1])
    scores = measure(p, y, classes="ab", resamples=0)
    assert scores.overall["accuracy"] == {"value": 1.0, "ci95": None}
    assert tuple(scores.overall) == LABEL_METRICS


def test_measuring_does_not_import_scikit_learn():
    code = (
        "import sys, numpy as np\n"
        "from astroclf.evaluation.decisions.decision import Predicted\n"
        "from astroclf.evaluation.metrics.label_metrics import score_labels\n"
        "from astroclf.evaluation.labels import make_labels\n"
        "labels = make_labels(np.arange(2), ())\n"
        "score_labels(Predicted.most_probable(np.eye(2)), labels, np.zeros(2), 5)\n"
        "assert not {'sklearn', 'pandas', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def measure(p, y, classes="abc", resamples=0, labels=None, groups=None):
    return score_labels_with_intervals(
        Predicted(p, most_probable(p) if labels is None else labels),
        make_labels(y, classes, groups),
        np.zeros(len(y)),
        bins=BINS,
        resampling=Resampling(resamples, 0, groups),
    )


def test_the_interval_of_a_mean_is_that_of_one_network_where_all_answer_the_same() -> None:
    rng = np.random.default_rng(3)
    targets = rng.integers(0, 3, 80)
    probabilities = rng.dirichlet(np.ones(3), 80)
    decided = Predicted.most_probable(probabilities)
    named: dict[str, Any] = {"bins": 10, "resampling": Resampling(200, 5)}
    labels = make_labels(targets, ("a", "b", "c"))
    alone = score_labels_with_intervals(decided, labels, np.zeros(80), **named).overall
    several = mean_with_intervals([decided] * 3, labels, **named)
    for name, measured in several.items():
        assert measured["value"] == pytest.approx(alone[name]["value"])
    for name in ("mcc", "log_loss", "brier"):
        assert several[name]["ci95"] == pytest.approx(alone[name]["ci95"])
    assert several["ece"]["floor"] == pytest.approx(alone["ece"]["floor"])


def test_the_mean_of_networks_is_between_them() -> None:
    targets = np.array([0, 1] * 30)
    right, wrong = np.eye(2)[targets], np.eye(2)[1 - targets]
    networks = [Predicted(right, targets), Predicted(wrong, 1 - targets)]
    found = mean_with_intervals(networks, make_labels(targets, "ab"), 5, Resampling(50, 0))
    assert found["accuracy"]["value"] == 0.5
    assert found["accuracy"]["ci95"] is None, "one of the two is right about each image"
    assert found["mcc"]["value"] == pytest.approx(0.0)


def test_a_rare_class_that_is_never_found_bounds_the_interval_of_balanced_accuracy() -> None:
    """150 images, 3 of them cigars and none found: the recalls cannot average above 0.8 + 1/5."""
    counts, found = (79, 29, 26, 13, 3), (77, 26, 24, 11, 0)
    y = np.repeat(np.arange(5), counts)
    labels = y.copy()
    for k, (n, hits) in enumerate(zip(counts, found, strict=True)):
        labels[np.flatnonzero(y == k)[: n - hits]] = 3 if k == 4 else (k + 3) % 4
    scores = measure(np.eye(5)[labels], y, "abcde", resamples=1000)
    recalls = [hits / n for n, hits in zip(counts, found, strict=True)]
    figure = scores.overall["balanced_accuracy"]
    assert figure["value"] == pytest.approx(np.mean(recalls))
    low, high = figure["ci95"]
    assert low == pytest.approx(0.656, abs=0.005)
    assert high == pytest.approx(0.84, abs=0.01), "the cigars' recall is at most 0.56 by Wilson"
    note = "3 images of e, fewer than 10"
    assert figure["note"] == note
    assert scores.overall["roc_auc"]["ci95"] is None
    assert scores.per_class["e"]["recall"] == {
        "value": 0.0,
        "ci95": None,
        "note": f"no interval: {note}",
    }
    assert f"balanced_accuracy, macro_f1: {note}" in scores.notes()
    assert f"roc_auc, average_precision: no interval: {note}" in scores.notes()


def test_proportions_of_images_alone_have_wilson_intervals() -> None:
    y = np.repeat([0, 1], 20)
    scores = measure(np.eye(2)[y] * 0.9 + 0.05, y, "ab", resamples=100)
    assert scores.overall["accuracy"]["ci95"] == pytest.approx(wilson_interval(40, 40))
    assert scores.per_class["a"]["recall"]["ci95"] == pytest.approx(wilson_interval(20, 20))
    assert scores.per_class["a"]["precision"]["ci95"] == pytest.approx(wilson_interval(20, 20))
    assert scores.overall["balanced_accuracy"]["ci95"][0] > 0.85
    assert scores.overall["mcc"]["ci95"] is None
    assert "no spread" in scores.overall["mcc"]["note"]


@pytest.mark.parametrize("n_groups", [1, 9, 10])
def test_fewer_than_ten_groups_have_no_interval(n_groups) -> None:
    rng = np.random.default_rng(0)
    y = np.tile([0, 1], 60)
    p = rng.dirichlet([1, 1], 120) * 0.8 + 0.2 * np.eye(2)[y]
    groups = np.arange(120) * n_groups // 120
    scores = measure(p, y, "ab", resamples=50, groups=groups)
    for metric in ("accuracy", "macro_f1", "mcc", "log_loss", "roc_auc"):
        figure = scores.overall[metric]
        assert (figure["ci95"] is not None) == (n_groups == 10), metric
        assert ("note" in figure) == (n_groups < 10)


def test_a_class_in_few_groups_has_no_interval() -> None:
    rng = np.random.default_rng(1)
    groups = np.arange(200) // 10
    y = np.where(groups < 4, np.arange(200) % 3, np.arange(200) % 2)
    p = rng.dirichlet([1, 1, 1], 200) * 0.8 + 0.2 * np.eye(3)[y]
    scores = measure(p, y, "abc", resamples=50, groups=groups)
    note = "no interval: 4 groups with images of c, fewer than 10"
    assert scores.overall["macro_f1"]["note"] == note
    assert scores.per_class["c"]["recall"]["ci95"] is None
    assert scores.per_class["a"]["recall"]["ci95"] is not None
    assert scores.overall["mcc"]["ci95"] is not None


def test_ece_has_its_floor_and_no_interval() -> None:
    """Calibrated probabilities reach the floor on average, and others lie above it."""
    rng = np.random.default_rng(0)
    values, floors, sharper = [], [], []
    for _ in range(60):
        p1 = rng.beta(0.5, 0.5, 300)
        y = (rng.random(300) < p1).astype(int)
        figure = measure(np.stack([1 - p1, p1], 1), y, "ab", resamples=2).overall["ece"]
        assert figure["ci95"] is None
        values.append(figure["value"])
        floors.append(figure["floor"])
        odds = (p1 / (1 - p1 + 1e-12)) ** 3
        sharp = odds / (1 + odds)
        figure = measure(np.stack([1 - sharp, sharp], 1), y, "ab", resamples=2).overall["ece"]
        sharper.append(figure["value"] - figure["floor"])
    assert np.mean(values) == pytest.approx(np.mean(floors), abs=0.003)
    assert np.mean(sharper) > 0.03
