"""Images of a data set prepared as the training images of a model, and refused where they differ."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from astroclf.bundle import Bundle, read_bundle
from astroclf.data.crops import CatalogCrop, RoiCrop
from astroclf.data.dataset import ImageDataset
from astroclf.data.pixels import Pixels
from astroclf.errors import UserError
from astroclf.runs.folder import RunFolder
from astroclf.settings import Settings
from astroclf.tasks.model_images import framed, read_images, require_same_images

Build = Callable[..., Settings]


def write_images(root: Path, *, mode: str = "RGB", px: int = 40, n: int = 12) -> Path:
    """Write images of noise of two classes."""
    rng = np.random.default_rng(0)
    for name in ("galaxy", "star"):
        (root / name).mkdir(parents=True)
        for number in range(n):
            shape = (px, px, 3) if mode == "RGB" else (px, px)
            Image.fromarray(rng.integers(0, 255, shape).astype(np.uint8)).save(
                root / name / f"{name}-{number}.png"
            )
    return root


@pytest.fixture(scope="module")
def model(train_run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A model of color images of 32 px, cropped to 36 px."""
    root = write_images(tmp_path_factory.mktemp("color") / "images", n=24)
    folder = train_run(
        "dataset=image_folder",
        f"dataset.root={root}",
        "dataset.image_px=32",
        "dataset.crop_px=36",
        "dataset.stretch=srgb",
        "model.widths=[4,4]",
        "trainer.epochs=1",
        "evaluation.report=false",
    )
    return read_bundle(RunFolder(folder).bundle, "cpu")


def test_files_are_framed_as_the_model_was_trained(
    model: Bundle, settings: Build, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = write_images(tmp_path / "images", px=50)
    section = settings("dataset=image_folder", f"dataset.root={root}").dataset
    with caplog.at_level(logging.WARNING):
        dataset = read_images(section, model)
    assert dataset.framing == model.framing
    assert dataset.image_px == 32
    require_same_images(dataset, model)
    file = root / "galaxy/galaxy-0.png"
    assert np.array_equal(dataset.images[0], model.read_files(file)[0])
    assert not caplog.messages


def test_a_size_that_was_given_is_not_used(
    model: Bundle, settings: Build, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = write_images(tmp_path / "images")
    overrides = (f"dataset.root={root}", "dataset.image_px=20")
    with caplog.at_level(logging.WARNING):
        dataset = read_images(settings("dataset=image_folder", *overrides).dataset, model)
    assert dataset.image_px == 32
    assert "dataset.image_px=20 is not used" in caplog.text


def test_gray_images_are_refused_for_a_model_of_color_images(
    model: Bundle, settings: Build, tmp_path: Path
) -> None:
    root = write_images(tmp_path / "images", mode="L")
    overrides = ("dataset=image_folder", f"dataset.root={root}")
    gray = read_images(settings(*overrides).dataset, model)
    with pytest.raises(UserError, match="or convert them with dataset"):
        require_same_images(gray, model)
    require_same_images(
        read_images(settings(*overrides, "dataset.channels=3").dataset, model), model
    )


def test_images_of_another_kind_are_refused_in_one_sentence(
    model: Bundle, make_dataset: Callable[..., ImageDataset]
) -> None:
    bands = Pixels(model.pixels.bands, 0.4, "srgb")
    good = replace(make_dataset(px=32), pixels=bands)
    require_same_images(good, model)
    wrong = {
        "images have float values, but the model was trained on 8-bit ones": replace(
            good, images=good.images.astype(np.float32)
        ),
        "dataset.image_px=16: the model was trained on images of 32 px": replace(
            make_dataset(px=16), pixels=bands
        ),
        "the images have the bands u, g, r, but the model was trained on": replace(
            good, pixels=Pixels(("u", "g", "r"), 0.4, "srgb")
        ),
        "the labels are vote fractions, but the model predicts classes": replace(
            make_dataset(px=32, votes=True), pixels=bands
        ),
    }
    for sentence, dataset in wrong.items():
        with pytest.raises(UserError) as refused:
            require_same_images(dataset, model)
        assert sentence in str(refused.value)


def test_the_crop_hdu_and_sky_of_the_model_are_used(model: Bundle, settings: Build) -> None:
    assert model.framing is not None
    folder = settings("dataset=image_folder", "dataset.root=images").dataset
    table = settings("dataset=catalog", "dataset.table=t.csv").dataset

    region = replace(
        model.framing, crop_px=None, crop=RoiCrop(3, 0.5, "sep"), hdu="SCI", sky="border"
    )
    used = framed(folder, replace(model, framing=region))  # type: ignore[type-var]
    assert (used.crop, used.roi_threshold, used.roi_margin, used.roi_method) == (
        "roi",
        3,
        0.5,
        "sep",
    )
    assert (used.hdu, used.sky, used.crop_px) == ("SCI", "border", None)

    positions = replace(region, crop=CatalogCrop(("ra", "dec"), "degree", size="r", factor=2))
    around = replace(model, framing=positions)
    used = framed(table, around)  # type: ignore[type-var]
    assert (used.crop, used.ra_column, used.dec_column) == ("catalog", "ra", "dec")
    assert (used.size_column, used.size_factor, used.neighbor_arcsec) == ("r", 2, 0)
    with pytest.raises(UserError, match="dataset=image_folder: the model takes the square around"):
        framed(folder, around)  # type: ignore[type-var]
