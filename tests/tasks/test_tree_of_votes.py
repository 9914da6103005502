"""Training on votes of a decision tree, from the settings to metrics, bundle and evaluation of other images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import astroclf
from astroclf.bundle import read_bundle
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import read_metrics
from astroclf.runs.predictions import read_predictions
from fixtures.trees import GALAXIES, VOTED_GALAXIES, assert_obeys, voted_galaxies

TrainRun = Callable[..., Path]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        (["loss=mse"], "question_softmax"),
        (["loss=dirichlet_multinomial", "loss.volunteers=30"], "question_concentrations"),
        (["loss=mse", "loss.head=sigmoid"], "sigmoid"),
    ],
    ids=["tree", "dirichlet", "sigmoid"],
)
def test_predicted_fractions_obey_the_tree_from_training_to_evaluation(
    train_run: TrainRun, loss: list[str], activation: str
) -> None:
    more = ("+dataset.kwargs.n_images=210", "trainer.epochs=25", "evaluation.tta_views=8")
    folder = train_run(*VOTED_GALAXIES, *loss, *more, "optimizer.lr=1e-2")
    metrics = read_metrics(RunFolder(folder))
    rmse, baseline = (metrics.splits["val"]["rmse"], metrics.baseline["val"].metrics["rmse"])
    assert rmse.value is not None
    assert rmse.value < 0.9 * baseline
    assert set(metrics.per_question["val"]) == {each.name for each in GALAXIES.questions}

    bundle = read_bundle(RunFolder(folder).bundle, "cpu")
    assert bundle.decision.activation.name == activation
    others = voted_galaxies(30, seed=9)
    assert bundle.decision.temperature != 1  # fitted on 70 validation images
    written = read_predictions(RunFolder(folder), GALAXIES.answers).probabilities
    if activation == "sigmoid":
        with pytest.raises(AssertionError):
            assert_obeys(bundle.predict(others.images), GALAXIES, atol=1e-3)
        return
    assert_obeys(bundle.predict(others.images), GALAXIES)
    assert_obeys(np.asarray(written), GALAXIES, atol=1e-5)

    evaluated = train_run(
        "task=evaluate", f"model_from={folder}", *VOTED_GALAXIES, "+dataset.kwargs.seed=9"
    )
    found = read_metrics(RunFolder(evaluated))
    assert set(found.per_question["new"]) == {each.name for each in GALAXIES.questions}
    questions = astroclf.evaluate(folder, others, resamples=0).parts["new"].per_question
    assert set(questions) == {each.name for each in GALAXIES.questions}
