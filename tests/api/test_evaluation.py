from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import astroclf
from astroclf.data.dataset import ImageDataset
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import read_metrics

TINY = ("model.widths=[4,4]", "model.hidden_units=[8]", "trainer.epochs=1")


@pytest.fixture(scope="module")
def folder(train_run: Callable[..., Path]) -> Path:
    """Return the folder of a run on 64 simulated images."""
    return train_run(*TINY, "evaluation.report=false")


def test_metrics_equal_those_of_the_run(folder: Path, simulated_dataset: ImageDataset) -> None:
    model = astroclf.load(folder, device="cpu")
    result = astroclf.evaluate(model, simulated_dataset, "test", resamples=20)
    stored = read_metrics(RunFolder(folder)).splits["test"]
    assert result.metrics.keys() == stored.keys() - {"loss"}
    for name, metric in result.metrics.items():
        assert metric.value == pytest.approx(stored[name].value, abs=1e-6), name
        assert metric.ci95 == pytest.approx(stored[name].ci95, abs=1e-6), name
    frame = result.predictions
    accuracy = (frame["truth"] == frame["label"]).mean()
    assert accuracy == pytest.approx(result.metrics["accuracy"].value)


def test_the_order_of_classes_does_not_matter(
    folder: Path, simulated_dataset: ImageDataset
) -> None:
    first = astroclf.evaluate(folder, simulated_dataset, resamples=0)
    reversed_classes = simulated_dataset.with_reversed_classes()
    second = astroclf.evaluate(folder, reversed_classes, resamples=0)
    assert first.metrics == second.metrics
    assert len(first.predictions) == len(simulated_dataset)


def test_other_classes_or_splits_are_refused(folder: Path, simulated_dataset: ImageDataset) -> None:
    other = replace(simulated_dataset, classes=("a", "b"))
    with pytest.raises(astroclf.UserError, match="has the classes a, b; the model has"):
        astroclf.evaluate(folder, other)
    with pytest.raises(astroclf.UserError, match="no images in the split 'hand'"):
        astroclf.evaluate(folder, simulated_dataset, "hand")


def test_targets_of_vote_fractions_are_reordered_by_name(
    make_dataset: Callable[..., ImageDataset],
) -> None:
    from astroclf.api.evaluation import _targets

    votes = make_dataset(votes=True)
    assert np.array_equal(_targets(votes, votes.classes[::-1]), votes.targets[:, ::-1])
