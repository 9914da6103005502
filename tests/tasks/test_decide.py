"""A decision comes from validation alone, is what every label comes from, and makes figures better."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, log_loss

import astroclf.tasks.datasets as datasets_module
from astroclf.bundle import read_bundle
from astroclf.data.dataset import ImageDataset
from astroclf.data.sources import load_dataset
from astroclf.tasks.decide import (
    FittedDecision,
    compare_with_plain,
    fit_decision,
    plain_decision,
)
from astroclf.training.losses import make_loss

TUNED = (
    "dataset.n_images=400",
    "dataset.image_px=16",
    "model.widths=[4]",
    "model.hidden_units=[8]",
    "evaluation.bootstrap_resamples=0",
    "evaluation.threshold=macro_f1",
    "evaluation.tta_views=8",
    "trainer.batch_size=32",
)


def make_split(make_dataset: Any, n: int, n_classes: int = 2) -> ImageDataset:
    """A quarter test, a half val; the first class is three times as common as the others."""
    dataset = make_dataset(n, n_classes=n_classes)
    rng = np.random.default_rng(0)
    shares = np.array([3.0, *[1.0] * (n_classes - 1)])
    targets = rng.choice(n_classes, n, p=shares / shares.sum())
    split = np.array(["train", "val", "val", "test"])[np.arange(n) % 4]
    return replace(dataset, targets=targets, split=split)


def logits_of(targets: np.ndarray, n_classes: int, *, sureness: float = 1.0) -> np.ndarray:
    """Exact log posteriors of a noisy measurement, times `sureness`."""
    rng = np.random.default_rng(1)
    seen = 1.5 * np.eye(n_classes)[targets] + rng.normal(size=(len(targets), n_classes))
    shares = np.array([3.0, *[1.0] * (n_classes - 1)])
    return (sureness * (1.5 * seen + np.log(shares / shares.sum()))).astype(np.float32)


def with_other_test_labels(dataset: ImageDataset) -> ImageDataset:
    test = dataset.split == "test"
    targets = dataset.targets.copy()
    targets[test] = (targets[test] + 1) % len(dataset.classes)
    return replace(dataset, targets=targets)


@pytest.mark.parametrize(
    "objective", ["accuracy", "balanced_accuracy", "macro_f1", "mcc", "youden", "precision >= 0.9"]
)
def test_test_labels_are_not_seen(settings: Any, make_dataset: Any, objective: str) -> None:
    dataset = make_split(make_dataset, 400)
    chosen = settings(f"evaluation.threshold='{objective}'")
    logits = logits_of(dataset.targets[dataset.indices("val")], 2, sureness=3)
    fitted = fit_decision(chosen, dataset, logits)
    again = fit_decision(chosen, with_other_test_labels(dataset), logits)
    assert again.decision == fitted.decision
    assert again.notes == fitted.notes
    val = dataset.split == "val"
    swapped = replace(dataset, targets=np.where(val, 1 - dataset.targets, dataset.targets))
    assert fit_decision(chosen, swapped, logits).decision != fitted.decision, "val labels are"


def read_rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "predictions.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def tuned_run(train_run: Callable[..., Path]) -> Path:
    return train_run(*TUNED)


def test_test_labels_change_no_decision_and_no_figure_of_val(
    train_run: Callable[..., Path], tuned_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        datasets_module, "load_dataset", lambda chosen: with_other_test_labels(load_dataset(chosen))
    )
    other = train_run(*TUNED)
    mine, theirs = (
        json.loads((folder / "metrics.json").read_text()) for folder in (tuned_run, other)
    )
    assert mine["run"]["decision"] == theirs["run"]["decision"]
    assert mine["val"] == theirs["val"]
    assert mine["train"] == theirs["train"]
    assert mine["test"] != theirs["test"]
    bundles = [json.loads((run / "bundle/bundle.json").read_text()) for run in (tuned_run, other)]
    assert bundles[0]["decision"] == bundles[1]["decision"]
    rows = [read_rows(run) for run in (tuned_run, other)]
    assert [row["label"] for row in rows[0]] == [row["label"] for row in rows[1]]


def test_a_bundle_gives_the_labels_of_its_run(settings: Any, tuned_run: Path) -> None:
    dataset = load_dataset(settings(*TUNED).dataset)
    bundle = read_bundle(tuned_run / "bundle")
    assert bundle.predictor.tta_views == 8
    assert bundle.decision.class_factors is not None, "or nothing would be shown"
    assert bundle.decision.temperature != 1
    labels = dict(zip(dataset.ids, bundle.label(dataset.images), strict=True))
    probabilities = dict(zip(dataset.ids, bundle.predict(dataset.images), strict=True))
    rows = read_rows(tuned_run)
    assert len(rows) == len(dataset)
    assert [row["label"] for row in rows] == [labels[row["id"]] for row in rows]
    for row in rows:
        written = [float(row[f"p_{name}"]) for name in bundle.classes]
        np.testing.assert_allclose(written, probabilities[row["id"]], atol=1e-5)
    plain = [bundle.classes[int(probabilities[row["id"]].argmax())] for row in rows]
    assert plain != [row["label"] for row in rows], "the factors change some labels"


def test_figures_are_of_the_tuned_labels(tuned_run: Path) -> None:
    metrics = json.loads((tuned_run / "metrics.json").read_text())
    rows = [row for row in read_rows(tuned_run) if row["split"] == "test"]
    expected = f1_score([r["truth"] for r in rows], [r["label"] for r in rows], average="macro")
    assert metrics["test"]["macro_f1"]["value"] == pytest.approx(expected, abs=1e-9)


def test_too_few_images_keep_the_highest_probability(settings: Any, make_dataset: Any) -> None:
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


def test_a_report_says_why_labels_were_not_tuned(train_run: Callable[..., Path]) -> None:
    folder = train_run("model.widths=[4]", "trainer.epochs=1", "evaluation.threshold=macro_f1")
    page = (folder / "report.html").read_text()
    assert "fewer than the 20 that tuning needs" in page
    assert "that calibration needs" in page
    decision = json.loads((folder / "bundle/bundle.json").read_text())["decision"]
    assert (decision["class_factors"], decision["temperature"]) == (None, 1.0)


@pytest.mark.parametrize("sureness", [0.4, 4.0])
def test_a_temperature_improves_the_log_loss(
    settings: Any, make_dataset: Any, sureness: float
) -> None:
    dataset = make_split(make_dataset, 1200, n_classes=3)
    positions = dataset.indices("val")
    truth = dataset.targets[positions]
    logits = logits_of(truth, 3, sureness=sureness)
    fitted = fit_decision(settings(), dataset, logits)
    before, after = (
        log_loss(truth, decision.probabilities(logits))
        for decision in (fitted.plain, fitted.decision)
    )
    assert after < before - 0.02
    assert fitted.decision.temperature == pytest.approx(sureness, rel=0.15)
    for other in (0.9, 1.1):
        moved = replace(fitted.decision, temperature=other * fitted.decision.temperature)
        assert log_loss(truth, moved.probabilities(logits)) > after
    untouched = fit_decision(settings("evaluation.temperature=false"), dataset, logits)
    assert untouched.decision == untouched.plain


@pytest.mark.parametrize(
    "overrides",
    [
        ["loss=ce"],
        ["loss=bce"],
        ["loss=focal", "loss.alpha=null", "loss.gamma=2"],
        ["loss=focal", "loss.alpha=null", "loss.gamma=0.5", "loss.form=softmax"],
        ["loss=focal", "loss.class_weights=none", "loss.alpha=0.7"],
        ["loss=focal", "loss.class_weights=none", "loss.alpha=[0.3,1,2]"],
        ["loss=focal", "loss.class_weights=none", "loss.alpha=[0.3,1,2]", "loss.form=softmax"],
    ],
)
@pytest.mark.parametrize("weights", ["balanced", "[1,10,3]"])
def test_the_minimum_of_every_weighted_loss_gives_the_true_probabilities(
    settings: Any, make_dataset: Any, overrides: list[str], weights: str
) -> None:
    dataset = make_dataset(60, n_classes=3)
    dataset = replace(dataset, targets=np.repeat([0, 1, 2], [40, 15, 5]).astype(np.int64))
    chosen = settings(f"loss.class_weights={weights}", *overrides)
    made = cast("partial[Any]", make_loss(chosen.loss, dataset, torch.device("cpu")))
    doubled = {
        k: v.double() if isinstance(v, torch.Tensor) else v for k, v in made.keywords.items()
    }
    loss = partial(made.func, **doubled)
    truth = torch.tensor([0.72, 0.2, 0.08], dtype=torch.float64)
    labels = torch.arange(3)

    def expected_loss(z: np.ndarray) -> tuple[float, np.ndarray]:
        logits = torch.tensor(z, requires_grad=True)
        value = (truth * loss(logits.expand(3, 3), labels)).sum()
        (slope,) = torch.autograd.grad(value, logits)
        return value.item(), slope.numpy()

    z = minimize(expected_loss, np.zeros(3), jac=True, options={"gtol": 1e-10}).x
    found = plain_decision(chosen, dataset).probabilities(z[None])[0]
    np.testing.assert_allclose(found, truth, atol=1e-6)


@pytest.mark.parametrize("loss", ["ce", "focal"])
def test_balanced_weights_are_taken_back(settings: Any, make_dataset: Any, loss: str) -> None:
    """A class that weighs w seems w times as common; the data say how common it is."""
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


def test_val_is_compared_with_labels_that_were_cross_fitted(
    settings: Any, make_dataset: Any
) -> None:
    dataset = make_split(make_dataset, 1600)
    chosen = settings("evaluation.threshold=balanced_accuracy")
    logits = logits_of(dataset.targets[dataset.indices("val")], 2)
    fitted = fit_decision(chosen, dataset, logits)
    assert fitted.threshold is not None
    assert fitted.threshold.kept
    on_all = fitted.decision.labels(fitted.decision.probabilities(logits))
    assert not np.array_equal(fitted.threshold.labels, on_all)
    assert compare_with_plain(chosen, dataset, fitted, "val", logits) is not None


def test_logit_adjustment_favours_what_is_rare_in_train(settings: Any, make_dataset: Any) -> None:
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
    compared = compare_with_plain(
        settings("evaluation.bootstrap_resamples=0"), dataset, fitted, "val", logits
    )
    gain = compared.metrics["balanced_accuracy"].gain["value"]
    assert gain == pytest.approx(recalls[2] - recalls[0])


def test_an_adjustment_is_in_the_report_and_the_bundle(train_run: Callable[..., Path]) -> None:
    folder = train_run("model.widths=[4]", "trainer.epochs=1", "evaluation.logit_adjustment=1")
    page = (folder / "report.html").read_text()
    assert "rare in train" in page
    assert '<th class="split">decided</th>' in page
    truth = [row["truth"] for row in read_rows(folder) if row["split"] == "train"]
    bundle = read_bundle(folder / "bundle")
    rarity = np.array([1 / truth.count(name) for name in bundle.classes])
    np.testing.assert_allclose(bundle.decision.class_factors, rarity / rarity.sum())


def test_calibration_on_val_is_compared_with_the_temperature_of_other_folds(
    settings: Any, make_dataset: Any
) -> None:
    """As fair as on new images: fitted on the same images, the log loss would be smallest."""
    dataset = make_split(make_dataset, 400)
    logits = logits_of(dataset.targets[dataset.indices("val")], 2, sureness=3)
    targets = dataset.targets[dataset.indices("val")]
    fitted = fit_decision(settings(), dataset, logits)
    in_sample = fitted.decision.probabilities(logits)
    assert not np.allclose(fitted.val_probabilities, in_sample)
    picked = np.arange(len(targets)), targets
    assert np.log(fitted.val_probabilities[picked]).mean() < np.log(in_sample[picked]).mean()
    compared = compare_with_plain(
        settings("evaluation.bootstrap_resamples=0"), dataset, fitted, "val", logits
    )
    np.testing.assert_array_equal(compared.tuned.probabilities, fitted.val_probabilities)
    none = fit_decision(settings("evaluation.temperature=false"), dataset, logits)
    np.testing.assert_array_equal(none.val_probabilities, none.plain.probabilities(logits))
