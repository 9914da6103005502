from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from astroclf.errors import UserError
from astroclf.evaluation.decisions.activation import most_probable
from astroclf.evaluation.decisions.threshold_search import (
    OBJECTIVES,
    lower_bound,
    read_objective,
    search_factors,
)

CONSTRAINTS = ("precision >= 0.7", "precision >= 1", "recall >= 0.8")


def scikit_learn(objective, targets, labels, n_classes):
    if objective == "accuracy":
        return metrics.accuracy_score(targets, labels)
    if objective == "macro_f1":
        return metrics.f1_score(targets, labels, average="macro")
    if objective == "mcc":
        return metrics.matthews_corrcoef(targets, labels)
    present = np.unique(targets)
    recalls = metrics.recall_score(targets, labels, labels=present, average=None)
    if objective == "balanced_accuracy":
        return recalls.mean()
    others = [metrics.recall_score(targets != k, labels != k) for k in present]
    return np.mean(recalls + np.array(others) - 1)


@st.composite
def images(draw, most_classes=5):
    """Probabilities with many ties, some exactly 0 or 1, and their true classes."""
    k = draw(st.integers(2, most_classes))
    rows = st.lists(st.integers(0, 12), min_size=k, max_size=k).filter(any)
    counts = np.array(draw(st.lists(rows, min_size=1, max_size=25)), dtype=np.float64)
    targets = draw(st.lists(st.integers(0, k - 1), min_size=len(counts), max_size=len(counts)))
    return counts / counts.sum(axis=1, keepdims=True), np.array(targets)


def constrained_value(text, targets, labels):
    """With the bound of the one-sided 95 % interval of Wilson, whose two-sided one has 90 %."""
    from scipy.stats import binomtest

    precision = metrics.precision_score(targets, labels, zero_division=0)
    recall = metrics.recall_score(targets, labels, zero_division=0)
    hits = int(np.sum((targets == 1) & (labels == 1)))
    n = int(np.sum(labels == 1) if "precision" in text else np.sum(targets == 1))
    low = binomtest(hits, n).proportion_ci(0.9, "wilson").low if n else 0.0
    bound = float(text.split(">=")[1])
    maximised = recall if "precision" in text else precision
    return maximised if low >= bound - 1e-12 else low - bound


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("n_classes", [2, 5])
def test_objectives_are_those_of_scikit_learn(name, n_classes):
    rng = np.random.default_rng(n_classes)
    targets, guesses = rng.integers(0, n_classes, (2, 100))
    labels = np.where(rng.random(100) < 0.6, targets, guesses)
    value = read_objective(name, n_classes).value(labels, targets, n_classes)
    assert value == pytest.approx(scikit_learn(name, targets, labels, n_classes))


def test_objectives_without_a_class_are_those_of_scikit_learn():
    targets, labels = np.array([0, 0, 2, 2, 2]), np.array([0, 2, 2, 2, 0])
    for name in OBJECTIVES:
        value = read_objective(name, 4).value(labels, targets, 4)
        assert value == pytest.approx(scikit_learn(name, targets, labels, 4)), name


@pytest.mark.parametrize("text", [*OBJECTIVES, *CONSTRAINTS])
@settings(max_examples=40)
@given(data=images(most_classes=2))
def test_two_classes_have_no_better_threshold(text, data):
    p, targets = data
    objective = read_objective(text, 2)
    factors = search_factors(p, targets, objective)
    found = objective.value(most_probable(p, factors), targets, 2)
    scores = np.unique(np.concatenate([[0.0], p[:, 1], [1.0]]))
    thresholds = [0.5, *((scores[1:] + scores[:-1]) / 2)]
    every = [objective.value((p[:, 1] > t).astype(np.int64), targets, 2) for t in thresholds]
    assert (factors > 0).all()
    if np.isnan(every).all():
        assert factors.tolist() == [0.5, 0.5], "nothing to choose by"
    else:
        assert found == pytest.approx(np.nanmax(every))


@pytest.mark.parametrize("text", CONSTRAINTS)
@settings(max_examples=40)
@given(data=images(most_classes=2))
def test_constraints_are_those_of_scikit_learn(text, data):
    p, targets = data
    labels = p.argmax(axis=1)
    value = read_objective(text, 2).value(labels, targets, 2)
    assert value == pytest.approx(constrained_value(text, targets, labels))


@pytest.mark.parametrize("name", OBJECTIVES)
@settings(max_examples=40)
@given(data=images())
def test_factors_are_never_worse_than_none(name, data):
    p, targets = data
    n_classes = p.shape[1]
    objective = read_objective(name, n_classes)
    factors = search_factors(p, targets, objective)
    found = objective.value(most_probable(p, factors), targets, n_classes)
    plain = objective.value(most_probable(p), targets, n_classes)
    assert factors.sum() == pytest.approx(1)
    assert np.isnan(plain) or found >= plain - 1e-12


@pytest.mark.parametrize("name", OBJECTIVES)
@settings(max_examples=40)
@given(data=images(), random=st.randoms(use_true_random=False))
def test_no_other_factor_of_a_single_class_is_better(name, data, random):
    p, targets = data
    n_classes = p.shape[1]
    objective = read_objective(name, n_classes)
    factors = search_factors(p, targets, objective)
    found = objective.value(most_probable(p, factors), targets, n_classes)
    for _ in range(10):
        k, other = random.randrange(n_classes), factors.copy()
        # Not a ratio of small numbers, where an image would be between two classes.
        other[k] *= np.exp(random.uniform(-4, 4))
        assert not objective.value(most_probable(p, other), targets, n_classes) > found + 1e-9


def test_weights_that_spoilt_the_probabilities_are_found():
    """Labels that follow from known factors without error: the search finds such factors."""
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), 2000)
    targets = most_probable(p, [0.1, 0.2, 0.3, 0.4])
    objective = read_objective("accuracy", 4)
    factors = search_factors(p, targets, objective)
    assert objective.value(most_probable(p, factors), targets, 4) > 0.998
    np.testing.assert_allclose(factors, [0.1, 0.2, 0.3, 0.4], atol=0.003)


def test_probabilities_that_round_to_1_are_separated_by_their_complements():
    rest = np.array([1e-18, 1e-20, 1e-22, 1e-24])
    p = np.stack([rest, 1 - rest], axis=1)
    targets = np.array([0, 0, 1, 1])
    factors = search_factors(p, targets, read_objective("accuracy", 2))
    assert most_probable(p, factors).tolist() == [0, 0, 1, 1]


def test_probabilities_that_are_hardly_numbers_give_no_warnings():
    p = np.array([[1.0, 5e-324], [5e-324, 1.0], [1.0, 0.0], [0.0, 1.0], [1 - 1e-60, 1e-60]])
    targets = np.array([1, 0, 1, 0, 1])
    for text in (*OBJECTIVES, *CONSTRAINTS):
        factors = search_factors(p, targets, read_objective(text, 2))
        assert np.isfinite(factors).all()
        assert (factors > 0).all()


@settings(max_examples=40)
@given(data=images(), seed=st.integers(0, 9))
def test_the_order_of_images_does_not_matter(data, seed):
    p, targets = data
    objective = read_objective("macro_f1", p.shape[1])
    shuffled = np.random.default_rng(seed).permutation(len(p))
    np.testing.assert_allclose(
        search_factors(p[shuffled], targets[shuffled], objective),
        search_factors(p, targets, objective),
    )


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("purity >= 0.9", "precision >= 0.9"), ("completeness>=0.5", "recall >= 0.5")],
)
def test_purity_and_completeness_are_precision_and_recall(text: str, canonical: str) -> None:
    assert read_objective(text, 2).text == read_objective(canonical, 2).text == canonical


@pytest.mark.parametrize(
    "text", ["f2", "precision", "precision > 0.9", "precision >= 0", "recall >= 99"]
)
def test_an_unknown_objective_is_refused_with_the_known_ones(text):
    with pytest.raises(
        UserError,
        match=r"evaluation\.threshold=.* Choose none, accuracy, balanced_accuracy, macro_f1, mcc",
    ):
        read_objective(text, 2)


@pytest.mark.parametrize("text", ["precision>=.99", " recall >= 1.0 "])
def test_constraints_may_be_written_with_and_without_spaces(text):
    assert read_objective(text, 2).bound in (0.99, 1.0)
    with pytest.raises(UserError, match="but there are 5 classes"):
        read_objective(text, 5)


def test_a_lower_bound_of_0_99_needs_268_of_268():
    assert lower_bound(np.array(268), np.array(268)) >= 0.99
    assert lower_bound(np.array(267), np.array(267)) < 0.99
    np.testing.assert_array_equal(lower_bound(np.array([0, 0]), np.array([0, 5])), [0, 0])
