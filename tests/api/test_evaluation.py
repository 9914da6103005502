from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

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
    result = model.evaluate(simulated_dataset, "test", resamples=20)
    assert result.part == "test"
    assert result.parts["test"].title == "test images (evaluated in training already)"
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
    assert list(first.parts) == ["test", "val", "train"]
    assert first.parts == second.parts
    assert len(first.predictions) == len(simulated_dataset)


def test_other_classes_or_splits_are_refused(folder: Path, simulated_dataset: ImageDataset) -> None:
    other = replace(simulated_dataset, classes=("a", "b"))
    with pytest.raises(astroclf.UserError, match="a, b are not among those of the model"):
        astroclf.evaluate(folder, other)
    with pytest.raises(astroclf.UserError, match="the images have no such split"):
        astroclf.evaluate(folder, simulated_dataset, "hand")


def test_classes_are_renamed_or_left_out(folder: Path, simulated_dataset: ImageDataset) -> None:
    plural = replace(simulated_dataset, classes=("galaxies", "quasar"))
    result = astroclf.evaluate(
        folder,
        plural,
        rename_classes={"galaxies": "galaxy"},
        unknown_classes="skip",
        resamples=0,
    )
    assert set(result.predictions["truth"]) == {"galaxy"}
    assert "quasar (32)" in " ".join(result.warnings)


def test_shift_and_report_of_new_images(folder: Path, tmp_path: Path) -> None:
    sky = astroclf.read_dataset(
        "simulated",
        "dataset.n_images=40",
        "dataset.image_px=32",
        "dataset.seed=4",
        f"dataset.cache={tmp_path}",
    )
    result = astroclf.evaluate(folder, sky, resamples=0)
    assert result.part == "new"
    shift = result.shift.set_index(["quantity", "of"])
    assert 0 <= shift.loc[("flux", "star"), "distance"] <= 1
    page = result.report(tmp_path / "evaluation.html").read_text()
    assert "Shift from the training images" in page
