from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.data.dataset import ImageDataset
from astroclf.data.sources.image_folder import load
from astroclf.errors import UserError

SDSS = Path(__file__).parents[2].parent / "shared/data/star_galaxy_sdss"

Load = Callable[..., ImageDataset]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "images"


@pytest.fixture
def load_root(root: Path, source_settings: Callable[..., Any]) -> Load:
    def load_with(**values: Any) -> ImageDataset:
        return load(source_settings("image_folder", **{"root": str(root), "image_px": 4, **values}))

    return load_with


@pytest.fixture
def fill(root: Path, write_image: Callable[..., np.ndarray]) -> Callable[..., None]:
    """fill("train/star", 2): two images in that folder, unlike any other."""

    def write(folder: str, count: int = 1, extension: str = "png") -> None:
        for number in range(count):
            name = f"{folder.replace('/', '-')}-{number}"
            write_image(root / folder / f"{name}.{extension}", seed=zlib.crc32(name.encode()))

    return write


@pytest.mark.parametrize("val_folder", ["val", "valid", "Validation", "DEV"])
def test_folders_give_splits_and_classes(
    root: Path, load_root: Load, fill: Callable[..., None], val_folder: str
) -> None:
    fill("train/star", 2)
    fill("train/galaxy", 3)
    fill(f"{val_folder}/galaxy")
    fill(f"{val_folder}/star")
    fill("test/star", extension="JPG")
    fill("hand_test/galaxy", extension="tiff")
    fill(".hidden/galaxy")
    (root / "notes").mkdir()
    (root / "train/galaxy/readme.txt").touch()
    (root / "train/galaxy/.ghost.png").touch()

    dataset = load_root()

    assert dataset.classes == ("galaxy", "star")
    assert Counter(zip(dataset.split.tolist(), dataset.targets.tolist(), strict=True)) == {
        ("train", 0): 3,
        ("train", 1): 2,
        ("val", 0): 1,
        ("val", 1): 1,
        ("test", 1): 1,
        ("hand_test", 0): 1,
    }
    assert dataset.split_names == ("train", "val", "test", "hand_test")
    assert dataset.images.shape == (9, 3, 4, 4)
    assert dataset.pixels.bands == ("red", "green", "blue")
    for identity, target, split in zip(dataset.ids, dataset.targets, dataset.split, strict=True):
        folder = val_folder if split == "val" else split
        assert identity.startswith(f"{folder}-{dataset.classes[target]}-")


def test_class_folders_alone_state_no_split(load_root: Load, fill: Callable[..., None]) -> None:
    fill("star", 2)
    fill("galaxy", 2)
    dataset = load_root()
    assert set(dataset.split.tolist()) == {""}
    assert dataset.ids.tolist() == ["galaxy-0", "galaxy-1", "star-0", "star-1"]
    assert dataset.targets.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    "folders", [("Train", "Valid", "Test"), ("training", "validation", "testing")]
)
def test_split_folders_are_understood_in_other_words(
    load_root: Load, fill: Callable[..., None], folders: tuple[str, ...]
) -> None:
    for folder in folders:
        fill(f"{folder}/galaxy")
        fill(f"{folder}/star")
    assert load_root().split_names == ("train", "val", "test")


def test_class_folders_that_are_numbers_are_in_numeric_order(
    load_root: Load, fill: Callable[..., None]
) -> None:
    for name in ("10", "9", "0"):
        fill(name)
    dataset = load_root()
    assert dataset.classes == ("0", "9", "10")
    assert dataset.ids[dataset.targets == 2].tolist() == ["10-0"]


def test_skipped_images_leave_the_rest_aligned(
    root: Path, load_root: Load, fill: Callable[..., None]
) -> None:
    fill("train/star", 3)
    fill("train/galaxy", 3)
    whole = load_root()
    (root / "train/galaxy/train-galaxy-1.png").write_bytes(b"")
    (root / "train/star/train-star-0.png").write_text("no picture")
    dataset = load_root(on_bad_image="skip")
    left = [0, 2, 4, 5]
    for name in ("images", "targets", "ids", "split"):
        np.testing.assert_array_equal(getattr(dataset, name), getattr(whole, name)[left])
    assert dataset.skipped == {
        "train/galaxy/train-galaxy-1.png": "empty file",
        "train/star/train-star-0.png": "not a JPEG, PNG, TIFF, WebP, BMP or GIF image",
    }


def test_a_root_without_images_is_refused(root: Path, load_root: Load) -> None:
    with pytest.raises(UserError, match=r"dataset\.root=.*images is not a folder"):
        load_root()
    root.mkdir()
    for folder in (None, "train"):
        if folder:
            (root / folder).mkdir()
        with pytest.raises(UserError, match=r"holds no images: looked for train/<class>/"):
            load_root()


@pytest.mark.parametrize(
    ("folders", "empty", "message"),
    [
        (["train/a", "train/b"], "train/c", "Class folder train/c .* holds no .jpg"),
        (["a", "b"], "c", "Class folder c .* holds no .jpg"),
        (["train/a", "train/b", "val/a"], "val/b", "Class folder val/b"),
        (["train/a", "train/b", "test/c"], None, "Class c .* is in test but not in train, .* a, b"),
        (["train/a", "train/b", "more/c"], None, "Class c .* is in more but not in train"),
        (["train/a"], None, "one class, a"),
        (["val/a", "val/b"], None, "val/ but no train/"),
        (["train/a", "train/b", "val/a", "valid/a"], None, "both val and valid.* folder for val"),
        (["train/a", "train/b", "Test/a", "testing/a"], None, "both Test and testing"),
        (["Train/a", "training/a"], None, "both Train and training"),
    ],
)
def test_folders_that_do_not_fit_are_refused(
    root: Path,
    load_root: Load,
    fill: Callable[..., None],
    folders: list[str],
    empty: str | None,
    message: str,
) -> None:
    for folder in folders:
        fill(folder)
    if empty:
        (root / empty).mkdir(parents=True)
    with pytest.raises(UserError, match=message):
        load_root()


@pytest.mark.skipif(not SDSS.is_dir(), reason="no ../shared/data")
def test_real_cutouts(root: Path, load_root: Load) -> None:
    for split in ("train", "validate"):
        for name in ("galaxies", "stars"):
            (root / split / name).mkdir(parents=True)
            for file in sorted((SDSS / split / name).iterdir())[:20]:
                (root / split / name / file.name).symlink_to(file)
    dataset = load_root(image_px=64, pixel_scale_arcsec=0.1)
    assert dataset.images.shape == (80, 3, 64, 64)
    assert dataset.pixels.pixel_scale_arcsec == pytest.approx(0.1 * 120 / 64)
    assert Counter(dataset.split.tolist()) == {"train": 40, "val": 40}
    assert all(identity.isdigit() for identity in dataset.ids)
    assert dataset.images.max() > 200
