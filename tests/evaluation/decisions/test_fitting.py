"""Fit of a decision: from validation alone, with reasons, and cross-fitted for the comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss

from astroclf.data.dataset import ImageDataset
from astroclf.evaluation.decisions.comparison import ComparedDecisions
from astroclf.evaluation.decisions.fitting import FittedDecision
from astroclf.evaluation.decisions.fitting import fit_decision as fit
from astroclf.evaluation.scoring import Scorer
from astroclf.settings import Settings
from astroclf.tasks.labels import labels_of, plain_decision


def fit_decision(settings: Settings, dataset: ImageDataset, logits: np.ndarray) -> FittedDecision:
    val, train = (labels_of(dataset, dataset.indices(split)) for split in ("val", "train"))
    return fit(settings, plain_decision(settings, dataset), logits, val, train)


def compare_on_val(
    settings: Settings, dataset: ImageDataset, fitted: FittedDecision, logits: np.ndarray
) -> ComparedDecisions:
    assert fitted.cross_fitted is not None
    labels, plain = labels_of(dataset, dataset.indices("val")), fitted.plain.predict(logits)
    return Scorer.from_settings(settings).compare(plain, fitted.cross_fitted, labels)


def make_split(make_dataset: Any, n: int, n_classes: int = 2) -> ImageDataset:
    """A quarter test, a half val; the first class is three times as common as the others."""
    dataset = make_dataset(n, n_classes=n_classes)
    rng = np.random.default_rng(0)
    shares = np.array([3.0, *[1.0] * (n_classes - 1)])
    targets = rng.choice(n_classes, n, p=shares / shares.sum())
    split = np.array(["train", "val", "val", "test"])[np.arange(n) % 4]
    return replace(dataset, targets=targets, split=split)


def logits_of(targets: np.ndarray, n_classes: int, *, confidence: float = 1.0) -> np.ndarray:
    """Exact log posteriors of a noisy measurement, times `confidence`."""
    rng = np.random.default_rng(1)
    seen = 1.5 * np.eye(n_classes)[targets] + rng.normal(size=(len(targets), n_classes))
    shares = np.array([3.0, *[1.0] * (n_classes - 1)])
    return (confidence * (1.5 * seen + np.log(shares / shares.sum()))).astype(np.float32)


def with_other_test_labels(dataset: ImageDataset) -> ImageDataset:
    test = dataset.split == "test"
    targets = dataset.targets.copy()
    targets[test] = (targets[test] + 1) % len(dataset.classes)
    return replace(dataset, targets=targets)


@pytest.mark.parametrize(
    "objective", ["accuracy", "balanced_accuracy", "macro_f1", "mcc", "youden", "precision >= 0.9"]
)
def test_decision_does_not_depend_on_test_labels(
    settings: Any, make_dataset: Any, objective: str
) -> None:
    dataset = make_split(make_dataset, 400)
    chosen = settings(f"evaluation.threshold='{objective}'")
    logits = logits_of(dataset.targets[dataset.indices("val")], 2, confidence=3)
    fitted = fit_decision(chosen, dataset, logits)
    again = fit_decision(chosen, with_other_test_labels(dataset), logits)
    assert again.decision == fitted.decision
    assert again.notes == fitted.notes
    val = dataset.split == "val"
    swapped = replace(dataset, targets=np.where(val, 1 - dataset.targets, dataset.targets))
    assert fit_decision(chosen, swapped, logits).decision != fitted.decision, "val labels are"


def test_too_few_images_keep_the_plain_decision(settings: Any, make_dataset: Any) -> None:
    dataset = make_split(make_dataset, 60)
    chosen = settings("evaluation.threshold=macro_f1")
    logits = logits_of(dataset.targets[dataset.indices("val")], 2)
    fitted = fit_decision(chosen, dataset, logits)
    assert fitted.decision == plain_decision(chosen, dataset)
    assert "val has 30 images, fewer than the 50 that calibration needs" in fitted.notes[0]
    assert fitted.threshold is not None
    assert not fitted.threshold.kept
    assert "of b, fewer than the 20 that tuning needs" in fitted.threshold.reason
    labels = fitted.decision.labels(fitted.decision.probabilities(logits))
    np.testing.assert_array_equal(labels, logits.argmax(axis=1))


@pytest.mark.parametrize("confidence", [0.4, 4.0])
def test_a_temperature_improves_the_log_loss(
    settings: Any, make_dataset: Any, confidence: float
) -> None:
    dataset = make_split(make_dataset, 1200, n_classes=3)
    positions = dataset.indices("val")
    truth = dataset.targets[positions]
    logits = logits_of(truth, 3, confidence=confidence)
    fitted = fit_decision(settings(), dataset, logits)
    before, after = (
        log_loss(truth, decision.probabilities(logits))
        for decision in (fitted.plain, fitted.decision)
    )
    assert after < before - 0.02
    assert fitted.decision.temperature == pytest.approx(confidence, rel=0.15)
    for other in (0.9, 1.1):
        moved = replace(fitted.decision, temperature=other * fitted.decision.temperature)
        assert log_loss(truth, moved.probabilities(logits)) > after
    untouched = fit_decision(settings("evaluation.temperature=false"), dataset, logits)
    assert untouched.decision == untouched.plain


def test_val_is_compared_with_cross_fitted_labels(settings: Any, make_dataset: Any) -> None:
    dataset = make_split(make_dataset, 1600)
    chosen = settings("evaluation.threshold=balanced_accuracy")
    logits = logits_of(dataset.targets[dataset.indices("val")], 2)
    fitted = fit_decision(chosen, dataset, logits)
    assert fitted.threshold is not None
    assert fitted.threshold.kept
    on_all = fitted.decision.labels(fitted.decision.probabilities(logits))
    assert not np.array_equal(fitted.threshold.labels, on_all)
    assert compare_on_val(chosen, dataset, fitted, logits).tuned.labels is fitted.threshold.labels


def test_logit_adjustment_favors_classes_that_are_rare_in_train(
    settings: Any, make_dataset: Any
) -> None:
    dataset = make_split(make_dataset, 4000, n_classes=3)
    truth = dataset.targets[dataset.indices("val")]
    logits = logits_of(truth, 3)
    shares = np.bincount(dataset.targets[dataset.indices("train")]) / 1000

    def decide(strength: float) -> tuple[np.ndarray, FittedDecision]:
        fitted = fit_decision(settings(f"evaluation.logit_adjustment={strength}"), dataset, logits)
        return fitted.decision.labels(fitted.decision.probabilities(logits)), fitted

    none, half, whole = (decide(strength)[0] for strength in (0, 0.5, 1))
    np.testing.assert_array_equal(none, logits.argmax(axis=1))
    fitted = decide(1)[1]
    adjusted = fitted.decision.probabilities(logits) / shares
    np.testing.assert_array_equal(whole, adjusted.argmax(axis=1))
    recalls = [balanced_accuracy_score(truth, labels) for labels in (none, half, whole)]
    assert recalls[0] + 0.01 < recalls[1] < recalls[2]
    assert accuracy_score(truth, none) > accuracy_score(truth, whole) + 0.01
    assert "rare in train" in fitted.sentences()[0]
    compared = compare_on_val(settings("evaluation.bootstrap_resamples=0"), dataset, fitted, logits)
    gain = compared.metrics["balanced_accuracy"].gain["value"]
    assert gain == pytest.approx(recalls[2] - recalls[0])


def test_val_is_compared_with_the_temperature_of_other_folds(
    settings: Any, make_dataset: Any
) -> None:
    """As fair as on new images: fitted on the same images, the log loss would be smallest."""
    dataset = make_split(make_dataset, 400)
    logits = logits_of(dataset.targets[dataset.indices("val")], 2, confidence=3)
    targets = dataset.targets[dataset.indices("val")]
    fitted = fit_decision(settings(), dataset, logits)
    in_sample = fitted.decision.probabilities(logits)
    assert fitted.cross_fitted is not None
    assert not np.allclose(fitted.cross_fitted.probabilities, in_sample)
    picked = np.arange(len(targets)), targets
    assert (
        np.log(fitted.cross_fitted.probabilities[picked]).mean() < np.log(in_sample[picked]).mean()
    )
    compared = compare_on_val(settings("evaluation.bootstrap_resamples=0"), dataset, fitted, logits)
    np.testing.assert_array_equal(compared.tuned.probabilities, fitted.cross_fitted.probabilities)
    none = fit_decision(settings("evaluation.temperature=false"), dataset, logits)
    assert none.cross_fitted is not None
    np.testing.assert_array_equal(none.cross_fitted.probabilities, none.plain.probabilities(logits))


@pytest.mark.parametrize("loss", ["ce", "focal"])
def test_the_effect_of_balanced_weights_is_undone(
    settings: Any, make_dataset: Any, loss: str
) -> None:
    """A class of weight w is predicted w times too often without the correction."""
    dataset = make_split(make_dataset, 1200, n_classes=3)
    form = ("loss.form=softmax", "loss.gamma=0", "loss.alpha=null") if loss == "focal" else ()
    chosen = settings(f"loss={loss}", "loss.class_weights=balanced", *form)
    train = dataset.targets[dataset.indices("train")]
    weights = len(train) / (3 * np.bincount(train))
    posterior = logits_of(dataset.targets[dataset.indices("val")], 3)
    learned = posterior + np.log(weights).astype(np.float32)
    corrected = plain_decision(chosen, dataset).probabilities(learned)
    expected = np.exp(posterior) / np.exp(posterior).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(corrected, expected, atol=1e-5)
    bare = plain_decision(settings("loss=ce"), dataset).probabilities(learned)
    assert np.abs(bare - expected).max() > 0.1
    assert fit_decision(chosen, dataset, learned).decision.temperature == pytest.approx(
        fit_decision(settings("loss=ce"), dataset, posterior).decision.temperature, abs=1e-4
    )


def test_prediction_sets_are_fitted_to_the_calibrated_probabilities(
    settings: Any, make_dataset: Any
) -> None:
    dataset = make_split(make_dataset, 1200, n_classes=3)
    truth = dataset.targets[dataset.indices("val")]
    logits = logits_of(truth, 3, confidence=3)
    fitted = fit_decision(settings("evaluation.conformal=0.9"), dataset, logits)
    sets = fitted.decision.conformal
    assert sets is not None
    assert fitted.decision.temperature > 2
    p = fitted.decision.probabilities(logits)
    for k, threshold in enumerate(sets.thresholds):
        scores = np.sort(1 - p[truth == k, k])
        assert threshold == scores[int(np.ceil(0.9 * (len(scores) + 1))) - 1]
    assert fitted.sentences() == []
    assert fit_decision(settings(), dataset, logits).decision.conformal is None


@pytest.mark.parametrize("objective", ["macro_f1", "none"])
def test_prediction_sets_do_not_depend_on_the_tuned_labels(
    settings: Any, make_dataset: Any, objective: str
) -> None:
    dataset = make_split(make_dataset, 1600)
    logits = logits_of(dataset.targets[dataset.indices("val")], 2)
    chosen = settings("evaluation.conformal=0.9", f"evaluation.threshold={objective}")
    plain = fit_decision(settings("evaluation.conformal=0.9"), dataset, logits)
    assert fit_decision(chosen, dataset, logits).decision.conformal == plain.decision.conformal


def test_too_few_groups_of_a_class_are_noted(settings: Any, make_dataset: Any) -> None:
    dataset = make_split(make_dataset, 400)
    grouped = dataset.with_groups(np.array([f"field {i // 4 % 8}" for i in range(400)]))
    logits = logits_of(dataset.targets[dataset.indices("val")], 2)
    chosen = settings("evaluation.conformal=0.95")
    fitted = fit_decision(chosen, grouped, logits)
    assert fitted.sentences() == [
        "Prediction sets at 0.95 need 19 validation groups of a class: with fewer, a (8), b (8) are in every set."
    ]
    assert fitted.decision.conformal is not None
    assert fitted.decision.conformal.thresholds == (1, 1)
    assert fit_decision(chosen, dataset, logits).sentences() == []
