"""Labeled images for an evaluation alone: no train split, one class, one image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from astroclf.data.sources import load_labeled_images
from astroclf.settings import Settings

Build = Callable[..., Settings]


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """folder("test/star/1", ...): a folder with these images of noise."""

    def make(*names: str) -> Path:
        for number, name in enumerate(names):
            file = tmp_path / "images" / f"{name}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(number).integers(0, 255, (20, 20, 3))
            Image.fromarray(pixels.astype(np.uint8)).save(file)
        return tmp_path / "images"

    return make


@pytest.mark.parametrize(
    ("names", "classes", "splits"),
    [
        (["star/1", "galaxy/2"], ("galaxy", "star"), {""}),
        (["test/star/1", "test/galaxy/2"], ("galaxy", "star"), {"test"}),
        (["star/1"], ("star",), {""}),
        (["test/star/1"], ("star",), {"test"}),
        (["val/star/1", "test/galaxy/2"], ("galaxy", "star"), {"val", "test"}),
        (["train/star/1", "test/galaxy/2"], ("galaxy", "star"), {"train", "test"}),
    ],
)
def test_folders_without_what_a_training_needs(
    folder: Callable[..., Path],
    settings: Build,
    names: list[str],
    classes: tuple[str, ...],
    splits: set[str],
) -> None:
    root = folder(*names)
    read = load_labeled_images(settings("dataset=image_folder", f"dataset.root={root}").dataset)
    assert read.classes == classes
    assert set(read.split.tolist()) == splits
    assert len(read) == len(names)
    assert {read.classes[k] for k in read.targets} == set(classes)


def test_a_table_of_one_class_without_splits(
    folder: Callable[..., Path], settings: Build, tmp_path: Path
) -> None:
    root = folder("a", "b")
    table = tmp_path / "table.csv"
    table.write_text("file,class\na,star\nb,star\n")
    overrides = (f"dataset.table={table}", f"dataset.image_root={root}")
    read = load_labeled_images(settings("dataset=catalog", *overrides).dataset)
    assert read.classes == ("star",)
    assert read.split.tolist() == ["", ""]


def test_simulated_images_are_in_no_split(settings: Build) -> None:
    assert set(load_labeled_images(settings().dataset).split.tolist()) == {""}
