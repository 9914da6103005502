from __future__ import annotations

import inspect
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from astroclf.errors import UserError
from astroclf.evaluation.decision import Decision, to_labels
from astroclf.evaluation.threshold_search import OBJECTIVES, read_objective
from astroclf.evaluation.thresholds import fit_threshold, fit_vote_thresholds, stratified_folds

FIVE = ("smooth", "spiral", "edge-on", "cigar", "merger")


def simulated(n_images, prior, seed=0):
    """Probabilities of a calibrated classifier, and the true classes."""
    rng = np.random.default_rng(seed)
    targets = rng.choice(len(prior), n_images, p=prior)
    logits = rng.normal(size=(n_images, len(prior))) + np.log(prior)
    logits[np.arange(n_images), targets] += 1.5
    p = np.exp(logits)
    return p / p.sum(axis=1, keepdims=True), targets


def labels_of(p_1):
    return np.stack([1 - np.array(p_1), p_1], axis=1)


def test_a_gain_is_kept_and_holds_on_other_images():
    prior = (0.55, 0.3, 0.1, 0.03, 0.02)
    p, targets = simulated(4000, prior)
    fitted = fit_threshold(p, targets, "macro_f1", FIVE, seed=0)
    assert fitted.kept
    assert fitted.reason == ""
    assert fitted.plain == pytest.approx(f1_score(targets, p.argmax(axis=1), average="macro"))
    assert fitted.tuned == pytest.approx(f1_score(targets, fitted.labels, average="macro"))
    assert fitted.tuned > fitted.plain + 0.02
    assert sum(fitted.class_factors) == pytest.approx(1)
    decision = fitted.apply_to(Decision("softmax", temperature=2.0))
    assert decision == Decision("softmax", temperature=2.0, class_factors=fitted.class_factors)
    other_p, other_targets = simulated(20_000, prior, seed=1)
    plain = f1_score(other_targets, other_p.argmax(axis=1), average="macro")
    tuned = f1_score(other_targets, decision.labels(other_p), average="macro")
    assert tuned > plain + 0.02
    # The gain that cross-fitting promises is what other images give.
    assert tuned - plain == pytest.approx(fitted.tuned - fitted.plain, abs=0.02)


def test_too_few_images_of_a_class_are_not_tuned_on():
    p, targets = simulated(1000, (0.4, 0.3, 0.2, 0.05, 0.05))
    kept = np.concatenate([np.flatnonzero(targets != 3), np.flatnonzero(targets == 3)[:17]])
    fitted = fit_threshold(p[kept], targets[kept], "balanced_accuracy", FIVE, seed=0)
    assert not fitted.kept
    assert fitted.reason == (
        "val has 17 images of cigar, fewer than the 20 that tuning needs: "
        "labels stay those of the highest probability"
    )
    decision = Decision("softmax")
    assert fitted.apply_to(decision) is decision
    assert fitted.tuned > fitted.plain, "the figures are there all the same"


def test_a_gain_that_is_none_when_cross_fitted_is_not_kept():
    """Scores that say nothing: a threshold can be fitted to them, but to no avail."""
    rng = np.random.default_rng(3)
    p, targets = labels_of(rng.random(60)), rng.integers(0, 2, 60)
    fitted = fit_threshold(p, targets, "mcc", ("galaxy", "star"), seed=0)
    measure = read_objective("mcc", 2).value
    assert measure(to_labels(p, fitted.class_factors), targets, 2) > fitted.plain
    assert fitted.tuned <= fitted.plain
    assert not fitted.kept
    assert fitted.reason == (
        f"tuning for mcc gains nothing on val ({fitted.tuned:.4g} cross-fitted, "
        f"{fitted.plain:.4g} without it): labels stay those of the highest probability"
    )


def test_cross_fitted_labels_never_saw_their_image():
    """Whatever an image's truth, its own label stays the same, with the folds as they are."""
    p, targets = simulated(400, (0.7, 0.3))
    fitted = fit_threshold(p, targets, "balanced_accuracy", ("galaxy", "star"), seed=5)
    folds = stratified_folds(targets, 5)
    for fold in range(5):
        others = folds != fold
        search = fit_threshold(p[others], targets[others], "balanced_accuracy", ("a", "b"), seed=0)
        expected = to_labels(p[~others], search.class_factors)
        np.testing.assert_array_equal(fitted.labels[~others], expected)


def test_a_constraint_is_met():
    p, targets = simulated(4000, (0.6, 0.4))
    fitted = fit_threshold(p, targets, "precision >= 0.9", ("galaxy", "star"), seed=0)
    assert fitted.kept
    labels = fitted.apply_to(Decision("softmax")).labels(p)
    precision = np.mean(targets[labels == 1])
    recall = np.mean(labels[targets == 1])
    assert precision >= 0.9
    falling = np.argsort(-p[:, 1])
    hits = np.cumsum(targets[falling])
    precisions, recalls = hits / np.arange(1, 4001), hits / targets.sum()
    assert recall == recalls[precisions >= 0.9].max()


def test_a_constraint_that_cannot_be_met_says_so():
    # The surest image is wrong, so that no threshold gives a precision of 1.
    p_1 = np.linspace(0, 1, 100)
    targets = (p_1 > 0.5).astype(np.int64)
    targets[-1] = 0
    fitted = fit_threshold(labels_of(p_1), targets, "precision >= 0.99", ("galaxy", "star"), seed=0)
    assert not fitted.kept
    assert fitted.reason == (
        "no threshold reaches precision >= 0.99 on val (the closest is 0.98): "
        "labels stay those of the highest probability"
    )


def test_what_is_perfect_stays():
    targets = np.repeat([0, 1], 30)
    fitted = fit_threshold(labels_of(0.1 + 0.2 * targets), targets, "accuracy", ("a", "b"), seed=0)
    assert (fitted.plain, fitted.tuned, fitted.kept) == (0.5, 1.0, True)
    assert fitted.class_factors == pytest.approx((0.2, 0.8)), "halfway between 0.1 and 0.3"
    good = fit_threshold(labels_of(0.3 + 0.3 * targets), targets, "accuracy", ("a", "b"), seed=0)
    assert (good.plain, good.tuned, good.kept) == (1.0, 1.0, False)
    assert good.class_factors == (0.5, 0.5)


@pytest.mark.parametrize("n_images", [0, 1, 3])
@pytest.mark.parametrize("objective", [*OBJECTIVES, "precision >= 0.9"])
def test_a_handful_of_images_is_no_trouble(objective, n_images):
    p, targets = simulated(n_images, (0.5, 0.5))
    fitted = fit_threshold(p, targets, objective, ("galaxy", "star"), seed=0)
    assert not fitted.kept
    assert "fewer than the 20" in fitted.reason


@given(
    targets=st.lists(st.integers(0, 3), max_size=80).map(lambda y: np.array(y, dtype=np.int64)),
    seed=st.integers(0, 100),
)
def test_folds_share_every_class_evenly(targets, seed):
    folds = stratified_folds(targets, seed)
    np.testing.assert_array_equal(folds, stratified_folds(targets, seed))
    for chosen in [targets >= 0, *(targets == k for k in range(4))]:
        counts = np.bincount(folds[chosen], minlength=5)
        assert len(counts) == 5
        assert counts.max() - counts.min() <= 1


def test_the_seed_shuffles_the_folds():
    targets = np.zeros(50, dtype=np.int64)
    assert (stratified_folds(targets, 0) != stratified_folds(targets, 1)).any()


def test_each_answer_has_its_threshold():
    rng = np.random.default_rng(0)
    votes = rng.beta(0.7, 0.7, (600, 3))
    votes[:, 2] = np.where(np.arange(600) < 12, 0.9, 0.1)  # too rare to be tuned on
    # The network says too little of the first answer, and is right about the second.
    fractions = np.clip(votes * [0.5, 1.0, 1.0] + rng.normal(0, 0.02, votes.shape), 0, 1)
    answers = ("smooth", "spiral", "odd")
    fitted = fit_vote_thresholds(fractions, votes, answers, seed=0)
    assert fitted.kept
    assert fitted.class_factors is None
    assert fitted.thresholds[0] == pytest.approx(0.25, abs=0.02)
    assert fitted.thresholds[2] == 0.5
    assert fitted.plain == pytest.approx(f1_score(votes >= 0.5, fractions > 0.5, average="macro"))
    assert fitted.tuned == pytest.approx(f1_score(votes >= 0.5, fitted.labels, average="macro"))
    assert fitted.tuned > fitted.plain + 0.2
    assert "of 3 answers stay at 0.5: " in fitted.reason
    assert "val has 12 images of odd" in fitted.reason or "spiral" in fitted.reason
    decision = fitted.apply_to(Decision("sigmoid"))
    assert decision.thresholds == fitted.thresholds
    truth, tuned = votes[:, 0] >= 0.5, decision.labels(fractions)[:, 0]
    best = max(f1_score(truth, fractions[:, 0] > t) for t in np.linspace(0.01, 0.99, 99))
    assert f1_score(truth, tuned) >= best


def test_answers_that_none_is_tuned_for_stay():
    votes = np.full((30, 2), 0.1)
    fitted = fit_vote_thresholds(votes, votes, ("bar", "ring"), seed=0)
    assert not fitted.kept
    assert fitted.thresholds == (0.5, 0.5)
    assert fitted.reason == (
        "2 of 2 answers stay at 0.5: bar, ring (of bar, val has 0 images of bar, "
        "fewer than the 20 that tuning needs)"
    )
    assert fitted.apply_to(Decision("sigmoid")) == Decision("sigmoid")


def test_an_objective_that_is_unknown_is_refused_before_anything_is_fitted():
    p, targets = simulated(100, (0.5, 0.3, 0.2))
    with pytest.raises(UserError, match=r"precision >= 0\.9' is a constraint .* 3 classes"):
        fit_threshold(p, targets, "precision >= 0.9", ("a", "b", "c"), seed=0)


def test_it_is_given_one_split_only():
    """Test images cannot be looked at by what is never given them."""
    names = ["probabilities", "targets", "objective", "classes", "seed"]
    assert list(inspect.signature(fit_threshold).parameters) == names
    names = ["fractions", "votes", "answers", "seed"]
    assert list(inspect.signature(fit_vote_thresholds).parameters) == names


@pytest.mark.slow
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_ten_thousand_images_of_five_classes_take_less_than_a_second(objective):
    p, targets = simulated(10_000, (0.55, 0.3, 0.1, 0.03, 0.02))
    start = time.process_time()
    fit_threshold(p, targets, objective, FIVE, seed=0)
    assert time.process_time() - start < 1
