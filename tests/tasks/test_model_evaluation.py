"""Evaluation of single models, ensembles and models of votes through one core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, root_mean_squared_error

from astroclf.bundle import Bundle, join, read_bundle
from astroclf.data.sources import load_labeled_images
from astroclf.runs.folder import RunFolder
from astroclf.settings import Settings
from astroclf.tasks.evaluation_summary import summarize_evaluation
from astroclf.tasks.model_evaluation import evaluate_model, predict_images

TINY = (
    "model.widths=[4,4]",
    "model.hidden_units=[8]",
    "trainer.epochs=1",
    "evaluation.report=false",
)
NEW = ("task=evaluate", "model_from=model", "dataset.seed=6", "dataset.n_images=50")
Build = Callable[..., Settings]


@pytest.fixture(scope="module")
def bundles(train_run: Callable[..., Path]) -> list[Bundle]:
    folders = [train_run(*TINY, f"seed={seed}") for seed in (0, 1)]
    return [read_bundle(RunFolder(folder).bundle, "cpu") for folder in folders]


def test_an_ensemble_is_evaluated_like_one_model(bundles: list[Bundle], settings: Build) -> None:
    ensemble = join(bundles, ["first", "second"])
    evaluated = evaluate_model(ensemble, settings(*NEW))
    result = evaluated.evaluation.splits["new"]
    images = load_labeled_images(settings(*NEW).dataset)
    prediction = ensemble.prediction(np.array(images.images))
    assert result.predicted.probabilities == pytest.approx(prediction.probabilities, abs=1e-6)
    reference = accuracy_score(images.targets, prediction.labels)
    assert result.scores.overall["accuracy"]["value"] == pytest.approx(reference)
    assert evaluated.shift is not None
    assert evaluated.shift.quantities


def test_a_model_without_record_of_its_images_says_so(
    bundles: list[Bundle], settings: Build
) -> None:
    old = replace(bundles[0], load_reference=None, facts={})
    evaluated = evaluate_model(old, settings(*NEW))
    assert list(evaluated.evaluation.splits) == ["unknown"]
    assert "unknown whether" in " ".join(evaluated.evaluation.warnings)
    assert evaluated.shift is None
    summary = summarize_evaluation(evaluated, {"run folder": "here"}, has_intervals=True)
    assert "baseline: unknown" in summary
    assert summary.endswith("here")


def test_votes_have_the_rmse_of_scikit_learn(
    train_run: Callable[..., Path], settings: Build
) -> None:
    votes = ("dataset.target=votes", "loss=mse")
    folder = train_run(*TINY, *votes)
    model = read_bundle(RunFolder(folder).bundle, "cpu")
    chosen = settings(*NEW, *votes)
    evaluated = evaluate_model(model, chosen)
    images = load_labeled_images(chosen.dataset)
    predicted = model.predict(np.array(images.images))
    found = evaluated.evaluation.splits["new"].scores.overall["rmse"]["value"]
    assert found == pytest.approx(
        root_mean_squared_error(images.targets.ravel(), predicted.ravel()), rel=1e-4
    )
    assert evaluated.shift is not None
    assert evaluated.shift.classes is not None
    assert set(evaluated.shift.classes.shares) == set(images.classes)


def test_images_in_several_chunks_have_the_same_predictions(
    bundles: list[Bundle], settings: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = load_labeled_images(settings(*NEW).dataset)
    positions = np.array([3, 1, 40, 20, 7])
    whole = predict_images(bundles[0], images, positions)
    monkeypatch.setattr("astroclf.tasks.model_evaluation.CHUNK", 2)
    parts = predict_images(bundles[0], images, positions)
    assert parts.probabilities == pytest.approx(whole.probabilities, abs=1e-6)
    assert np.array_equal(parts.labels, whole.labels)
    assert parts.unlike_training is not None
    assert parts.unlike_training == pytest.approx(whole.unlike_training)
