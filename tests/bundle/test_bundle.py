"""Bundle: its predictions are those of the evaluation, from arrays and from files."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from astroclf.bundle import read_bundle
from astroclf.data.dataset import ImageDataset
from astroclf.data.framing import Framing
from astroclf.data.sources import load_dataset
from astroclf.errors import UserError

PICTURE = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
IMAGES = np.moveaxis(PICTURE, -1, 0)[None]
RUNS = {
    "softmax": ("loss=ce",),
    "normalized_sigmoid": ("loss=focal", "augment=sky"),
    "sigmoid": ("dataset.target=votes", "loss=bce"),
    # Enough images of val to calibrate with.
    "calibrated views": ("dataset.n_images=400", "dataset.image_px=16", "evaluation.tta_views=8"),
    "merged adapters": ("finetune=lora", "evaluation.tta_views=8"),
    "cached features": ("finetune=classifier", "evaluation.tta_views=8"),
}


@pytest.fixture(scope="module")
def runs(train_run: Callable[..., Path]) -> dict[str, Path]:
    """A short training of each kind that has its own way from images to probabilities."""
    short = ("trainer.epochs=1", "evaluation.bootstrap_resamples=0", "model.hidden_units=[16]")
    return {name: train_run(*short, *overrides) for name, overrides in RUNS.items()}


def read_predictions(folder: Path) -> list[dict[str, str]]:
    with (folder / "predictions.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("name", RUNS)
def test_bundle_predictions_equal_those_of_the_evaluation(
    settings: Any, runs: dict[str, Path], name: str
) -> None:
    dataset = load_dataset(settings(*RUNS[name]).dataset)
    bundle = read_bundle(runs[name] / "bundle")
    assert bundle.predictor.tta_views == (8 if "evaluation.tta_views=8" in RUNS[name] else 1)
    assert (bundle.decision.temperature != 1) == (name == "calibrated views")
    predicted = dict(zip(dataset.ids, bundle.predict(dataset.images), strict=True))
    labels = dict(zip(dataset.ids, bundle.label(dataset.images), strict=True))
    rows = read_predictions(runs[name])
    assert len(rows) == len(dataset)
    for row in rows:
        expected = [float(row[f"p_{each}"]) for each in bundle.classes]
        np.testing.assert_allclose(predicted[row["id"]], expected, atol=1e-6)
        assert row["label"] == bundle.classes[int(predicted[row["id"]].argmax())]
        if dataset.target_kind == "votes":
            np.testing.assert_array_equal(labels[row["id"]], predicted[row["id"]] > 0.5)
        else:
            assert labels[row["id"]] == row["label"]


def test_predictions_with_8_views_are_invariant_to_rotation(
    runs: dict[str, Path], simulated_dataset: ImageDataset
) -> None:
    images = simulated_dataset.images[:8, :, :16, :16]
    bundle = read_bundle(runs["calibrated views"] / "bundle")
    turned = np.rot90(images, axes=(-2, -1))
    np.testing.assert_allclose(bundle.predict(turned), bundle.predict(images), atol=1e-5)
    one_view = replace(bundle, predictor=replace(bundle.predictor, tta_views=1))
    assert abs(one_view.predict(turned) - one_view.predict(images)).max() > 1e-3


def test_labels_follow_the_decision_and_probabilities_do_not(
    runs: dict[str, Path], simulated_dataset: ImageDataset
) -> None:
    bundle = read_bundle(runs["softmax"] / "bundle")
    images = simulated_dataset.images
    p_star = bundle.predict(images)[:, 1]
    threshold = float(np.median(p_star))
    factors = (threshold, 1 - threshold)
    strict = replace(bundle, decision=replace(bundle.decision, class_factors=factors))
    np.testing.assert_array_equal(strict.predict(images)[:, 1], p_star)
    np.testing.assert_array_equal(strict.label(images) == "star", p_star > threshold)


def test_a_bundle_describes_its_images(
    runs: dict[str, Path], simulated_dataset: ImageDataset
) -> None:
    bundle = read_bundle(runs["softmax"] / "bundle")
    assert bundle.classes == ("galaxy", "star")
    assert bundle.pixels == simulated_dataset.pixels
    assert (bundle.image_px, bundle.depth) == (32, "float")
    assert bundle.framing is None
    assert bundle.facts["dataset"]["name"] == "simulated"
    assert bundle.facts["metrics"]["run"]["seed"] == 0


def test_files_become_the_images_of_the_data_set(
    train_run: Callable[..., Path], tmp_path: Path
) -> None:
    from PIL import Image

    rng = np.random.default_rng(0)
    for name in "ab":
        (tmp_path / "images" / name).mkdir(parents=True)
        for i in range(12):
            pixels = rng.integers(0, 256, (24, 30, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / name / f"{name}{i}.png")
    folder = train_run(
        "dataset=image_folder",
        f"dataset.root={tmp_path / 'images'}",
        "dataset.crop_px=20",
        "dataset.image_px=16",
        "model.widths=[4]",
        "trainer.max_steps=1",
    )
    bundle = read_bundle(str(folder / "bundle"))
    with (folder / "predictions.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    files = [tmp_path / "images" / row["id"][0] / f"{row['id']}.png" for row in rows]
    images = bundle.read_files(files)
    assert images.shape == (24, 3, 16, 16)
    expected = np.array([[float(row["p_a"]), float(row["p_b"])] for row in rows])
    np.testing.assert_allclose(bundle.predict(images), expected, atol=1e-5)
    assert bundle.label(images).tolist() == [row["label"] for row in rows]
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(UserError, match=r"text\.jpg cannot be used"):
        bundle.read_files([tmp_path / "text.jpg"])


def save(file: Path, bits: int) -> Path:
    values = PICTURE if bits == 8 else PICTURE.astype(np.uint16) * 257
    cv2.imwrite(str(file), values[..., ::-1])
    return file


def test_one_path_is_read_as_a_list_of_one(
    tmp_path: Path, write_tiny: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = read_bundle(write_tiny(tmp_path / "bundle"))
    file = save(tmp_path / "a.png", 8)
    for one in (file, str(file)):
        np.testing.assert_array_equal(bundle.read_files(one), IMAGES)
    assert bundle.read_files([file, str(file)]).shape == (2, 3, 8, 8)
    monkeypatch.setenv("HOME", str(tmp_path))
    np.testing.assert_array_equal(bundle.read_files("~/a.png"), IMAGES)
    np.testing.assert_array_equal(read_bundle("~/bundle").predict(IMAGES), bundle.predict(IMAGES))


def test_no_files_are_refused(tmp_path: Path, write_tiny: Callable[..., Path]) -> None:
    with pytest.raises(UserError, match="read_files was given no files"):
        read_bundle(write_tiny(tmp_path / "bundle")).read_files([])


@pytest.mark.parametrize(
    ("trained", "given"), [("8-bit", 16), ("16-bit", 8), ("float", 8), ("float", 16)]
)
def test_files_of_another_depth_are_refused(
    tmp_path: Path, write_tiny: Callable[..., Path], trained: str, given: int
) -> None:
    bundle = read_bundle(write_tiny(tmp_path / "bundle", trained))
    same, other = save(tmp_path / "same.png", 24 - given), save(tmp_path / "other.png", given)
    if trained != "float":
        assert bundle.predict(bundle.read_files(same)).shape == (1, 2)
    with pytest.raises(
        UserError, match=rf"\.png cannot be used: \d+-bit values, not {trained}\. Give files of"
    ):
        bundle.read_files([same, other])


def test_a_model_of_arrays_reads_no_files(tmp_path: Path, write_tiny: Callable[..., Path]) -> None:
    bundle = read_bundle(write_tiny(tmp_path / "bundle", "float", framing=None))
    with pytest.raises(UserError, match=r"images that came from no file\. Give `predict` an array"):
        bundle.read_files(save(tmp_path / "a.png", 8))


def test_files_smaller_than_the_crop_are_refused(
    tmp_path: Path, write_tiny: Callable[..., Path]
) -> None:
    framing = Framing(("red", "green", "blue"), "8-bit", "srgb", crop_px=12, image_px=8)
    bundle = read_bundle(write_tiny(tmp_path / "bundle", framing=framing))
    with pytest.raises(UserError, match=r"a\.png cannot be used: 8 x 8 px, smaller than the crop"):
        bundle.read_files(save(tmp_path / "a.png", 8))


def test_files_above_the_limit_of_the_training_are_refused(
    tmp_path: Path, write_tiny: Callable[..., Path]
) -> None:
    bands = ("red", "green", "blue")
    framing = Framing(bands, "8-bit", "srgb", None, image_px=8, max_megapixels=5e-5)
    bundle = read_bundle(write_tiny(tmp_path / "bundle", framing=framing))
    with pytest.raises(UserError, match=r"a\.png cannot be used: .*max_megapixels"):
        bundle.read_files(save(tmp_path / "a.png", 8))


@pytest.mark.parametrize("count", [0, 1, 257])
def test_any_number_of_images_is_predicted(
    tmp_path: Path, write_tiny: Callable[..., Path], count: int
) -> None:
    bundle = read_bundle(write_tiny(tmp_path / "bundle"))
    predicted = bundle.predict(np.ones((count, 3, 8, 8), np.uint8))
    assert predicted.shape == (count, 2)
    np.testing.assert_allclose(predicted.sum(axis=1), 1)
