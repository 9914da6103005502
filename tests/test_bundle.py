from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

from astroclf.bundle import read_bundle
from astroclf.data.dataset import ImageDataset
from astroclf.data.sources import load_dataset
from astroclf.errors import UserError

RUNS = {
    "softmax": ("loss=ce",),
    "normalised_sigmoid": ("loss=focal", "augment=sky"),
    "sigmoid": ("dataset.target=votes", "loss=bce"),
}


@pytest.fixture(scope="module")
def runs(train_run: Callable[..., Path]) -> dict[str, Path]:
    """A short training for each way logits become probabilities."""
    short = ("trainer.epochs=1", "evaluation.bootstrap=0", "model.hidden_units=[16]")
    return {activation: train_run(*short, *overrides) for activation, overrides in RUNS.items()}


def read_predictions(folder: Path) -> list[dict[str, str]]:
    with (folder / "predictions.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("activation", RUNS)
def test_a_bundle_predicts_what_the_run_did(
    settings: Any, runs: dict[str, Path], activation: str
) -> None:
    dataset = load_dataset(settings(*RUNS[activation]).dataset)
    bundle = read_bundle(runs[activation] / "bundle")
    assert bundle.activation == activation
    assert bundle.has_votes == dataset.has_votes
    predicted = dict(zip(dataset.ids, bundle.predict(dataset.images), strict=True))
    rows = read_predictions(runs[activation])
    assert len(rows) == len(dataset)
    for row in rows:
        expected = [float(row[f"p_{name}"]) for name in bundle.classes]
        np.testing.assert_allclose(predicted[row["id"]], expected, atol=1e-5)
        assert row["label"] == bundle.classes[int(predicted[row["id"]].argmax())]


def test_it_says_what_its_images_are(
    runs: dict[str, Path], simulated_dataset: ImageDataset
) -> None:
    bundle = read_bundle(runs["softmax"] / "bundle")
    assert bundle.classes == ("galaxy", "star")
    assert bundle.pixels == simulated_dataset.pixels
    assert bundle.image_px == 32
    assert bundle.facts["dataset"]["name"] == "simulated"
    assert bundle.facts["metrics"]["run"]["seed"] == 0


@pytest.mark.parametrize("shape", [(2, 1, 32, 32), (2, 5, 32, 32), (3, 32, 32)])
def test_other_bands_are_refused(runs: dict[str, Path], shape: tuple[int, ...]) -> None:
    bundle = read_bundle(runs["softmax"] / "bundle")
    with pytest.raises(
        UserError, match=r"this model wants \(N, 3, 32, 32\) with the bands g, r, i"
    ):
        bundle.predict(np.zeros(shape, np.float32))


def test_another_width_is_refused(runs: dict[str, Path]) -> None:
    bundle = read_bundle(runs["softmax"] / "bundle")
    with pytest.raises(UserError, match=r"this model wants \(N, 3, 32, 32\)"):
        bundle.predict(np.zeros((2, 3, 48, 48), np.float32))


@pytest.mark.parametrize("count", [0, 1, 257])
def test_any_number_of_images_will_do(runs: dict[str, Path], count: int) -> None:
    bundle = read_bundle(runs["softmax"] / "bundle")
    predicted = bundle.predict(np.ones((count, 3, 32, 32), np.float32))
    assert predicted.shape == (count, 2)
    np.testing.assert_allclose(predicted.sum(axis=1), 1)


def test_an_incomplete_bundle_is_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    for name in ("bundle.json", "weights.safetensors"):
        with pytest.raises(UserError, match="does not hold a whole model"):
            read_bundle(tmp_path)
        (tmp_path / name).write_bytes((runs["softmax"] / "bundle" / name).read_bytes())
    assert read_bundle(tmp_path).classes == ("galaxy", "star")
    weights = (tmp_path / "weights.safetensors").read_bytes()
    (tmp_path / "weights.safetensors").write_bytes(weights[:1000])
    with pytest.raises(UserError, match="does not hold a whole model"):
        read_bundle(tmp_path)


def test_nothing_in_it_is_a_pickle(runs: dict[str, Path]) -> None:
    folder = runs["softmax"] / "bundle"
    assert sorted(file.name for file in folder.iterdir()) == ["bundle.json", "weights.safetensors"]
    assert json.loads((folder / "bundle.json").read_text())["format"] == 1
    assert "features.0.weight" in load_file(folder / "weights.safetensors")
