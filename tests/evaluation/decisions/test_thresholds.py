from __future__ import annotations

import inspect
import time

import numpy as np
import pytest
from sklearn.metrics import f1_score

from astroclf.errors import UserError
from astroclf.evaluation.decisions.activation import SIGMOID, SOFTMAX, most_probable
from astroclf.evaluation.decisions.cross_fitting import stratified_folds
from astroclf.evaluation.decisions.decision import Decision
from astroclf.evaluation.decisions.threshold_search import OBJECTIVES, lower_bound, read_objective
from astroclf.evaluation.decisions.thresholds import fit_threshold
from astroclf.evaluation.labels import make_labels

FIVE = ("smooth", "spiral", "edge-on", "cigar", "merger")


def tune(p, targets, objective, classes, *, seed, groups=None):
    return fit_threshold(p, make_labels(targets, classes, groups), objective, seed)


def tune_votes(fractions, votes, answers, *, seed):
    return fit_threshold(fractions, make_labels(votes, answers), "macro_f1", seed)


def simulated(n_images, prior, seed=0):
    """Probabilities of a calibrated classifier, and the true classes."""
    rng = np.random.default_rng(seed)
    targets = rng.choice(len(prior), n_images, p=prior)
    logits = rng.normal(size=(n_images, len(prior))) + np.log(prior)
    logits[np.arange(n_images), targets] += 1.5
    p = np.exp(logits)
    return p / p.sum(axis=1, keepdims=True), targets


def probabilities_of(p_1):
    return np.stack([1 - np.array(p_1), p_1], axis=1)


def test_a_gain_is_kept_and_holds_on_other_images():
    prior = (0.55, 0.3, 0.1, 0.03, 0.02)
    p, targets = simulated(4000, prior)
    fitted = tune(p, targets, "macro_f1", FIVE, seed=0)
    assert fitted.kept
    assert fitted.reason == ""
    assert fitted.plain == pytest.approx(f1_score(targets, p.argmax(axis=1), average="macro"))
    assert fitted.tuned == pytest.approx(f1_score(targets, fitted.labels, average="macro"))
    assert fitted.tuned > fitted.plain + 0.02
    assert sum(fitted.class_factors) == pytest.approx(1)
    decision = fitted.apply_to(Decision(SOFTMAX, temperature=2.0))
    assert decision == Decision(SOFTMAX, temperature=2.0, class_factors=fitted.class_factors)
    other_p, other_targets = simulated(20_000, prior, seed=1)
    plain = f1_score(other_targets, other_p.argmax(axis=1), average="macro")
    tuned = f1_score(other_targets, decision.labels(other_p), average="macro")
    assert tuned > plain + 0.02
    # The gain that cross-fitting promises is what other images give.
    assert tuned - plain == pytest.approx(fitted.tuned - fitted.plain, abs=0.02)


def test_too_few_images_of_a_class_are_not_tuned_on():
    p, targets = simulated(1000, (0.4, 0.3, 0.2, 0.05, 0.05))
    kept = np.concatenate([np.flatnonzero(targets != 3), np.flatnonzero(targets == 3)[:17]])
    fitted = tune(p[kept], targets[kept], "balanced_accuracy", FIVE, seed=0)
    assert not fitted.kept
    assert fitted.reason == (
        "val has 17 images of cigar, fewer than the 20 that tuning needs: "
        "labels stay those of the highest probability"
    )
    decision = Decision(SOFTMAX)
    assert fitted.apply_to(decision) is decision
    assert fitted.tuned > fitted.plain, "the figures are there all the same"


def test_a_gain_that_is_none_when_cross_fitted_is_not_kept():
    """Uninformative scores: a threshold can be fitted to them, but gains nothing."""
    rng = np.random.default_rng(3)
    p, targets = probabilities_of(rng.random(60)), rng.integers(0, 2, 60)
    fitted = tune(p, targets, "mcc", ("galaxy", "star"), seed=0)
    measure = read_objective("mcc", 2).value
    on_all = measure(most_probable(p, fitted.class_factors), targets, 2)
    assert on_all > fitted.plain + 0.1
    assert fitted.tuned < on_all - 0.1
    assert not fitted.kept
    assert fitted.reason.startswith("tuning for mcc has no gain on val beyond its error (")
    assert fitted.reason.endswith(": labels stay those of the highest probability")


def test_cross_fitted_labels_never_saw_their_image():
    """Whatever an image's truth, its own label stays the same, with the folds as they are."""
    p, targets = simulated(400, (0.7, 0.3))
    fitted = tune(p, targets, "balanced_accuracy", ("galaxy", "star"), seed=5)
    folds = stratified_folds(targets, 5)
    for fold in range(5):
        others = folds != fold
        search = tune(p[others], targets[others], "balanced_accuracy", ("a", "b"), seed=0)
        expected = most_probable(p[~others], search.class_factors)
        np.testing.assert_array_equal(fitted.labels[~others], expected)


def test_a_constraint_is_met_by_its_lower_confidence_bound():
    p, targets = simulated(4000, (0.6, 0.4))
    fitted = tune(p, targets, "precision >= 0.85", ("galaxy", "star"), seed=0)
    assert fitted.kept
    for labels in (fitted.labels, fitted.apply_to(Decision(SOFTMAX)).labels(p)):
        hits, n = np.sum(targets[labels == 1]), np.sum(labels)
        assert lower_bound(hits, n) >= 0.85
    recall = np.mean(labels[targets == 1])
    falling = np.argsort(-p[:, 1])
    hits = np.cumsum(targets[falling])
    met = lower_bound(hits, np.arange(1, 4001)) >= 0.85
    assert recall == (hits / targets.sum())[met].max(), "the highest recall where it is met"


def test_a_constraint_that_few_images_cannot_show_is_not_kept():
    """100 of 100 are right, which bounds the precision by 0.974 from below."""
    p_1 = np.repeat([0.1, 0.9], 100)
    targets = (p_1 > 0.5).astype(np.int64)
    fitted = tune(probabilities_of(p_1), targets, "precision >= 0.99", ("galaxy", "star"), seed=0)
    assert not fitted.kept
    assert fitted.reason == (
        "precision of star >= 0.99 is not met on val with 95 % confidence: no threshold has a lower bound "
        "of 0.9737: labels stay those of the highest probability"
    )


@pytest.mark.parametrize("seed", [10, 14, 30])
def test_the_labels_shown_of_a_kept_constraint_meet_it(seed):
    """Here the first of the five cross-fittings misses the bound, and the median one meets it."""
    rng = np.random.default_rng(seed)
    targets = (rng.random(300) < 0.5).astype(np.int64)
    p = probabilities_of(1 / (1 + np.exp(-3.2 * (rng.normal(size=300) + 3.2 * (targets - 0.5)))))
    fitted = tune(p, targets, "precision >= 0.95", ("a", "b"), seed=0)
    assert fitted.kept
    recall = np.mean(fitted.labels[targets == 1])
    assert fitted.tuned == pytest.approx(recall)


def test_images_of_a_group_count_as_one_in_a_constraint():
    p_1 = np.repeat([0.1, 0.9], 400)
    targets = (p_1 > 0.5).astype(np.int64)
    named = {"objective": "precision >= 0.99", "classes": ("galaxy", "star"), "seed": 0}
    alone = tune(probabilities_of(p_1), targets, **named)
    assert "is not met" not in alone.reason
    grouped = tune(probabilities_of(p_1), targets, **named, groups=np.arange(800) // 4)
    assert "precision of star >= 0.99 is not met" in grouped.reason


def test_copies_of_an_image_do_not_choose_the_threshold_that_decides_it():
    """Groups of 20 near-copies with calibrated probabilities: no threshold is better than 0.5."""
    kept = {"torn": 0, "whole": 0}
    for seed in range(5):
        rng = np.random.default_rng(seed)
        p_1 = rng.beta(1.2, 1.2, 60)
        targets = np.repeat((rng.random(60) < p_1).astype(np.int64), 20)
        p = probabilities_of(np.clip(np.repeat(p_1, 20) + rng.normal(0, 0.002, 1200), 0, 1))
        groups = np.repeat(np.arange(60), 20)
        named = {"objective": "accuracy", "classes": ("a", "b"), "seed": 0}
        kept["torn"] += tune(p, targets, **named).kept
        kept["whole"] += tune(p, targets, **named, groups=groups).kept
    assert kept["torn"] >= 4
    assert kept["whole"] == 0


def test_the_fewest_units_are_counted_in_groups():
    p, targets = simulated(400, (0.5, 0.5))
    groups = np.where(targets == 0, np.arange(400) % 19, 100 + np.arange(400) % 40)
    named = {"objective": "accuracy", "classes": ("galaxy", "star"), "seed": 0}
    fitted = tune(p, targets, **named, groups=groups)
    assert fitted.reason.startswith(
        "val has 19 groups with images of galaxy, fewer than the 20 that tuning needs"
    )


def test_perfect_plain_thresholds_are_not_replaced():
    targets = np.repeat([0, 1], 30)
    fitted = tune(probabilities_of(0.1 + 0.2 * targets), targets, "accuracy", ("a", "b"), seed=0)
    assert (fitted.plain, fitted.tuned, fitted.kept) == (0.5, 1.0, True)
    assert fitted.class_factors == pytest.approx((0.2, 0.8)), "halfway between 0.1 and 0.3"
    good = tune(probabilities_of(0.3 + 0.3 * targets), targets, "accuracy", ("a", "b"), seed=0)
    assert (good.plain, good.tuned, good.kept) == (1.0, 1.0, False)
    assert good.class_factors == (0.5, 0.5)


@pytest.mark.parametrize("n_images", [0, 1, 3])
@pytest.mark.parametrize("objective", [*OBJECTIVES, "precision >= 0.9"])
def test_too_few_images_keep_the_plain_thresholds(objective, n_images):
    p, targets = simulated(n_images, (0.5, 0.5))
    fitted = tune(p, targets, objective, ("galaxy", "star"), seed=0)
    assert not fitted.kept
    assert "fewer than the 20" in fitted.reason


def test_each_answer_has_its_threshold():
    rng = np.random.default_rng(0)
    votes = rng.beta(0.7, 0.7, (600, 3))
    votes[:, 2] = np.where(np.arange(600) < 12, 0.9, 0.1)  # too rare to be tuned on
    # The network says too little of the first answer, and is right about the second.
    fractions = np.clip(votes * [0.5, 1.0, 1.0] + rng.normal(0, 0.02, votes.shape), 0, 1)
    answers = ("smooth", "spiral", "odd")
    fitted = tune_votes(fractions, votes, answers, seed=0)
    assert fitted.kept
    assert fitted.class_factors is None
    assert fitted.thresholds[0] == pytest.approx(0.25, abs=0.02)
    assert fitted.thresholds[2] == 0.5
    assert fitted.plain == pytest.approx(f1_score(votes >= 0.5, fractions > 0.5, average="macro"))
    assert fitted.tuned == pytest.approx(f1_score(votes >= 0.5, fitted.labels, average="macro"))
    assert fitted.tuned > fitted.plain + 0.2
    assert "of 3 answers stay at 0.5: " in fitted.reason
    assert "val has 12 images of odd" in fitted.reason or "spiral" in fitted.reason
    decision = fitted.apply_to(Decision(SIGMOID))
    assert decision.thresholds == fitted.thresholds
    truth, tuned = votes[:, 0] >= 0.5, decision.labels(fractions)[:, 0]
    best = max(f1_score(truth, fractions[:, 0] > t) for t in np.linspace(0.01, 0.99, 99))
    assert f1_score(truth, tuned) >= best


def test_answers_that_none_is_tuned_for_stay():
    votes = np.full((30, 2), 0.1)
    fitted = tune_votes(votes, votes, ("bar", "ring"), seed=0)
    assert not fitted.kept
    assert fitted.thresholds == (0.5, 0.5)
    assert fitted.reason == (
        "2 of 2 answers stay at 0.5: bar, ring (of bar, val has 0 images of bar, "
        "fewer than the 20 that tuning needs)"
    )
    assert fitted.apply_to(Decision(SIGMOID)) == Decision(SIGMOID)


def test_an_objective_that_is_unknown_is_refused_before_anything_is_fitted():
    p, targets = simulated(100, (0.5, 0.3, 0.2))
    with pytest.raises(UserError, match=r"precision >= 0\.9: a constraint .* 3 classes"):
        tune(p, targets, "precision >= 0.9", ("a", "b", "c"), seed=0)


def test_it_is_given_one_split_only():
    """Test images cannot be looked at by what is never given them."""
    names = ["probabilities", "labels", "objective", "seed"]
    assert list(inspect.signature(fit_threshold).parameters) == names


@pytest.mark.slow
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_ten_thousand_images_of_five_classes_take_a_few_seconds(objective):
    p, targets = simulated(10_000, (0.55, 0.3, 0.1, 0.03, 0.02))
    start = time.process_time()
    tune(p, targets, objective, FIVE, seed=0)
    assert time.process_time() - start < 6


def calibrated_groups(n_groups, size, rng):
    """Near-copies of images whose probabilities are right: 0.5 has the highest accuracy."""
    p_1 = rng.beta(1.2, 1.2, n_groups)
    targets = np.repeat((rng.random(n_groups) < p_1).astype(np.int64), size)
    p_1 = np.repeat(p_1, size) + rng.normal(0, 0.002, n_groups * size)
    return (
        probabilities_of(np.clip(p_1, 0.001, 0.999)),
        targets,
        np.repeat(np.arange(n_groups), size),
    )


@pytest.mark.slow
@pytest.mark.parametrize(("n_groups", "size"), [(200, 1), (600, 1), (60, 10), (100, 6)])
def test_where_no_gain_is_possible_hardly_any_is_claimed_in_60_runs(n_groups, size):
    rng = np.random.default_rng(0)
    p, y, _ = calibrated_groups(200_000, 1, rng)
    plain = np.mean(most_probable(p) == y)
    gains, kept = [], 0
    for seed in range(60):
        val_p, val_y, groups = calibrated_groups(n_groups, size, rng)
        groups = None if size == 1 else groups
        fitted = tune(val_p, val_y, "accuracy", ("a", "b"), seed=seed, groups=groups)
        kept += fitted.kept
        labels = fitted.apply_to(Decision(SOFTMAX)).labels(p)
        gains.append(np.mean(labels == y) - plain)
    assert kept <= 2
    assert np.mean(gains) > -0.001
    assert np.mean(gains) >= -np.std(gains, ddof=1) / np.sqrt(60) - 1e-12


@pytest.mark.slow
@pytest.mark.parametrize(("n", "copies"), [(300, 1), (1000, 1), (300, 4)])
def test_a_kept_constraint_holds_on_other_images(n, copies):
    def draw(n, copies):
        targets = rng.integers(0, 2, n)
        z = np.repeat(rng.normal(size=n) + 3.2 * (targets - 0.5), copies)
        p_1 = 1 / (1 + np.exp(-3.2 * (z + rng.normal(0, 0.02, len(z)))))
        return probabilities_of(p_1), np.repeat(targets, copies), np.repeat(np.arange(n), copies)

    rng = np.random.default_rng(0)
    p, y, _ = draw(200_000, 1)
    kept = held = 0
    for seed in range(60):
        val_p, val_y, groups = draw(n, copies)
        groups = None if copies == 1 else groups
        fitted = tune(val_p, val_y, "precision >= 0.95", ("a", "b"), seed=seed, groups=groups)
        if fitted.kept:
            kept += 1
            held += y[fitted.apply_to(Decision(SOFTMAX)).labels(p) == 1].mean() >= 0.95
    assert kept >= 15
    assert held >= 0.9 * kept
