from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from astroclf.data.dataset import ImageDataset
from astroclf.data.folds import assign_folds
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import Metrics
from astroclf.runs.predictions import Predictions, write_predictions
from astroclf.settings import Settings
from astroclf.tasks.repeat.aggregate import (
    measure_means,
    measure_spread,
    read_out_of_fold,
    score_out_of_fold,
    spread_of,
)


def guess(dataset: ImageDataset, seed: int) -> Predictions:
    """Random predictions for every image."""
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(2), len(dataset))
    return Predictions(
        classes=tuple(dataset.classes),
        ids=dataset.ids,
        parts=dataset.split,
        truth=dataset.targets,
        labels=probabilities.argmax(axis=1),
        probabilities=probabilities,
    )


def test_spread_is_the_sample_standard_deviation_of_defined_values() -> None:
    spread = spread_of([1.0, None, 3.0], {"value": 2.0, "ci95": [1.5, 2.5], "note": "few"})
    assert (spread.value, spread.std, spread.values) == (2.0, np.sqrt(2), [1.0, None, 3.0])
    assert (spread.ci95, spread.note) == ([1.5, 2.5], "few")


@pytest.mark.parametrize(("values", "mean"), [([0.5], 0.5), ([None, None], None)])
def test_fewer_than_two_values_have_no_standard_deviation(
    values: list[float | None], mean: float | None
) -> None:
    spread = spread_of(values, {"value": None, "ci95": None})
    assert (spread.value, spread.std) == (mean, None)


def test_splits_that_one_training_lacks_are_left_out() -> None:
    run = {"train_s": 1.0}
    entry = {"loss": {"value": 1.0, "ci95": None}}
    one = Metrics.of({"val": entry, "test": entry, "run": run})
    other = Metrics.of({"val": entry, "run": run})
    assert list(measure_spread([one, other], {})) == ["val"]


def test_interval_of_the_mean_holds_the_mean_over_seeds(
    settings: Callable[..., Settings], simulated_dataset: ImageDataset, tmp_path: Path
) -> None:
    folders = [RunFolder(tmp_path / f"seed-{seed}") for seed in (1, 2)]
    values = []
    for seed, folder in enumerate(folders):
        folder.path.mkdir()
        predictions = guess(simulated_dataset, seed)
        write_predictions(folder, predictions)
        val = predictions.of("val")
        values.append(accuracy_score(val.truth, val.labels))
    mean = measure_means(settings(), simulated_dataset, folders)["val"]["accuracy"]
    assert mean["value"] == pytest.approx(np.mean(values))


def test_out_of_fold_predictions_cover_every_image_once(
    settings: Callable[..., Settings], simulated_dataset: ImageDataset, tmp_path: Path
) -> None:
    folded = assign_folds(simulated_dataset, 3, 0)
    folders = [RunFolder(tmp_path / name) for name in folded.split_names if name.startswith("fold")]
    for folder in folders:
        folder.path.mkdir()
        in_fold = np.where(folded.split == folder.name, "test", "train")
        write_predictions(folder, guess(folded.with_split(in_fold), 0))
    predictions = read_out_of_fold(folders, tuple(folded.classes))
    assert set(predictions.parts) == {folder.name for folder in folders}
    assert len(set(predictions.ids)) == len(predictions.ids)
    losses = {folder.name: 0.5 for folder in folders}
    scores = score_out_of_fold(settings(), folded, predictions, losses)
    expected = accuracy_score(predictions.truth, predictions.labels)
    assert scores["accuracy"]["value"] == pytest.approx(expected)
    assert scores["loss"] == {"value": 0.5, "ci95": None}
