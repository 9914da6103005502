from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.runs.folder import RunFolder
from astroclf.runs.history import write_history
from astroclf.runs.metrics import Metric, Metrics, write_metrics
from astroclf.runs.predictions import Predictions, write_predictions
from astroclf.settings import Settings
from astroclf.tasks.repeat.repeat import Repeated
from astroclf.tasks.repeat.report import repeat_content, spreads_of, training_line

ENTRY = {"loss": {"value": 0.6, "ci95": None}, "accuracy": {"value": 0.7, "ci95": [0.6, 0.8]}}


def trained(folder: Path, dataset: ImageDataset, seed: int) -> RunFolder:
    """Write the files of a training with random predictions."""
    run = RunFolder(folder)
    run.path.mkdir()
    write_metrics(run, Metrics.of({"test": ENTRY, "run": {"train_s": 2.0, "best_epoch": 2}}))
    write_history(run, [{"epoch": 1, "val_loss": 0.8}, {"epoch": 2, "val_loss": 0.6}])
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(2), len(dataset))
    write_predictions(
        run,
        Predictions(
            classes=tuple(dataset.classes),
            ids=dataset.ids,
            parts=dataset.split,
            truth=dataset.targets,
            labels=probabilities.argmax(axis=1),
            probabilities=probabilities,
        ),
    )
    return run


def test_content_of_seeds_comes_from_the_files_of_each(
    settings: Callable[..., Settings], simulated_dataset: ImageDataset, tmp_path: Path
) -> None:
    folders = [trained(tmp_path / f"seed-{n}", simulated_dataset, n) for n in (1, 2)]
    metrics = Metrics.of({"test": ENTRY, "run": {"train_s": 4.0, "warnings": ["few images"]}})
    content = repeat_content(
        settings("seeds=[1,2]"), Repeated(folders, simulated_dataset, {}), metrics, None
    )
    test = simulated_dataset.indices("test")
    assert (content.in_folds, content.split) == (False, "test")
    np.testing.assert_array_equal(content.labels.targets, simulated_dataset.targets[test])
    assert len(content.predictions) == 2
    assert content.mean_confusion.sum() == len(test)
    assert list(content.warnings) == ["few images"]


def test_a_line_has_the_curve_of_the_monitored_metric(
    simulated_dataset: ImageDataset, tmp_path: Path
) -> None:
    line = training_line(trained(tmp_path / "fold-0", simulated_dataset, 0), "loss")
    assert (line.name, line.report, line.best_epoch) == ("fold-0", "", 2)
    assert line.curve == {1: 0.8, 2: 0.6}


def test_spreads_keep_mean_interval_and_values() -> None:
    metric = Metric(value=0.5, ci95=[0.4, 0.6], std=0.1, values=[0.4, 0.6])
    spread = spreads_of({"accuracy": metric})["accuracy"]
    assert (spread.value, spread.std, spread.values) == (0.5, 0.1, (0.4, 0.6))
