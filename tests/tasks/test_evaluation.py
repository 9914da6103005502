"""Evaluation of a predictor on every split."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from astroclf.data.dataset import ImageDataset
from astroclf.evaluation.results import Evaluation
from astroclf.settings import Settings
from fixtures.evaluations import evaluate_guess

Build = Callable[..., Settings]


@pytest.fixture(scope="module")
def evaluation(settings: Build, simulated_dataset: ImageDataset) -> Evaluation:
    return evaluate_guess(simulated_dataset, settings("evaluation.temperature=false"))


def test_metrics_equal_those_of_scikit_learn(
    evaluation: Evaluation, simulated_dataset: ImageDataset
) -> None:
    for split, result in evaluation.splits.items():
        truth = simulated_dataset.targets[simulated_dataset.indices(split)]
        p = result.predicted.probabilities
        found = {name: each["value"] for name, each in result.scores.overall.items()}
        assert found["accuracy"] == pytest.approx(accuracy_score(truth, p.argmax(axis=1)))
        assert found["log_loss"] == pytest.approx(log_loss(truth, p))
        assert found["roc_auc"] == pytest.approx(roc_auc_score(truth, p[:, 1]))


def test_guessing_is_warned_of_and_figures_show_test(evaluation: Evaluation) -> None:
    assert evaluation.shown_split == "test"
    assert evaluation.shown is evaluation.splits["test"]
    assert set(evaluation.compared) == {"val", "test"}
    (warning,) = evaluation.warnings
    assert "baseline" in warning
