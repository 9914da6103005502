"""Scores of some of the images of a data set."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from astroclf.data.dataset import ImageDataset
from astroclf.evaluation.decisions.decision import Predicted
from astroclf.settings import Settings
from astroclf.tasks.evaluator import Evaluator
from astroclf.tasks.labels import labels_of

Build = Callable[..., Settings]
POSITIONS = np.array([1, 2, 5, 8, 9, 20, 33, 34, 40, 41, 50, 63])


@pytest.fixture
def predicted() -> Predicted:
    p = np.random.default_rng(0).random(len(POSITIONS))
    return Predicted.most_probable(np.stack([1 - p, p], axis=1))


def evaluator_of(
    dataset: ImageDataset, settings: Settings, overlaps: np.ndarray, *, knows_train: bool = True
) -> Evaluator:
    return Evaluator.of(
        settings,
        dataset,
        train=labels_of(dataset, dataset.indices("train")) if knows_train else None,
        overlaps=overlaps,
        evaluated=np.ones(len(dataset), bool),
    )


def test_overlapping_images_are_left_out_of_a_second_score(
    simulated_dataset: ImageDataset, settings: Build, predicted: Predicted
) -> None:
    overlaps = np.zeros(len(simulated_dataset), bool)
    overlaps[[1, 5, 60]] = True
    evaluator = evaluator_of(simulated_dataset, settings(), overlaps)
    result = evaluator.result(POSITIONS, predicted, np.full(len(POSITIONS), np.nan))
    truth = simulated_dataset.targets[POSITIONS]
    alone = ~overlaps[POSITIONS]
    assert result.ids.tolist() == simulated_dataset.ids[POSITIONS].tolist()
    assert result.n_overlapping == 2
    assert result.scores.overall["accuracy"]["value"] == pytest.approx(
        accuracy_score(truth, predicted.labels)
    )
    assert result.without_overlap is not None
    assert result.without_overlap.overall["accuracy"]["value"] == pytest.approx(
        accuracy_score(truth[alone], predicted.labels[alone])
    )


def test_baseline_of_unknown_training_images_has_no_metrics(
    simulated_dataset: ImageDataset, settings: Build, predicted: Predicted
) -> None:
    overlaps = np.zeros(len(simulated_dataset), bool)
    losses = np.full(len(POSITIONS), np.nan)
    known = evaluator_of(simulated_dataset, settings(), overlaps)
    assert "accuracy" in known.result(POSITIONS, predicted, losses).baseline.metrics
    unknown = evaluator_of(simulated_dataset, settings(), overlaps, knows_train=False)
    assert unknown.result(POSITIONS, predicted, losses).baseline.metrics == {}
