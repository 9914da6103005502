from __future__ import annotations

import os
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from astroclf.data.dataset import ImageDataset
from astroclf.data.sources.image_folder import load
from astroclf.errors import UserError
from fixtures.band_files import write_bands

SDSS = Path(__file__).parents[3].parent / "shared/data/star_galaxy_sdss"

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
    """fill("train/star", 2): two distinct images in that folder."""

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
    fill("hand_test/galaxy", extension="webp")
    fill(".hidden/galaxy")
    (root / "notes").mkdir()
    (root / "train/galaxy/.ghost.png").touch()
    (root / "train/galaxy/Thumbs.db").touch()
    (root / "train/galaxy/.DS_Store").touch()

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
    assert dataset.skipped == {}
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
def test_other_words_for_splits_are_accepted(
    load_root: Load, fill: Callable[..., None], folders: tuple[str, ...]
) -> None:
    for folder in folders:
        fill(f"{folder}/galaxy")
        fill(f"{folder}/star")
    assert load_root().split_names == ("train", "val", "test")


def test_folders_of_one_class_in_two_unicode_forms_are_merged(
    load_root: Load, fill: Callable[..., None]
) -> None:
    for folder in (
        "train/\u00e9toile",
        "train/star",
        "val/e\u0301toile",
        "val/star ",
        "train/star ",
    ):
        fill(folder)
    dataset = load_root()
    assert dataset.classes == ("star", "\u00e9toile")
    assert dataset.targets.tolist() == [0, 0, 1, 1, 0]
    assert dataset.skipped == {}


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
        "train/star/train-star-0.png": "not a JPEG, PNG, TIFF, WebP, BMP, GIF or FITS image",
    }


def test_other_files_are_skipped_with_their_reason(
    root: Path, load_root: Load, fill: Callable[..., None]
) -> None:
    for name in ("star", "galaxy"):
        for extension in ("png", "webp", "bmp", "gif", "jfif", "jpe", "JPEG", "TiF"):
            (root / name).mkdir(parents=True, exist_ok=True)
            kind = {"jfif": "JPEG", "jpe": "JPEG"}.get(extension)
            noise = np.random.default_rng(zlib.crc32(f"{name}{extension}".encode()))
            image = Image.fromarray(noise.integers(0, 256, (8, 8, 3), dtype=np.uint8))
            image.save(root / name / f"{name}-{extension}.{extension}", format=kind)
    for name in ("a.ppm", "b.PPM", "c.npy", "d.gz", "e", "notes.txt"):
        (root / "star" / name).touch()
    (root / "stray.png").touch()
    (root / "readme.md").touch()
    dataset = load_root(channels=3)
    assert len(dataset) == 16
    assert dataset.skipped == {
        "star/a.ppm": ".ppm, not a supported format",
        "star/b.PPM": ".ppm, not a supported format",
        "star/c.npy": ".npy, not a supported format",
        "star/d.gz": ".gz, not a supported format",
        "star/e": "no file extension",
        "star/notes.txt": ".txt, not a supported format",
        "stray.png": "not in a class folder",
    }


def test_images_in_nested_folders_are_read_and_counted(
    root: Path, load_root: Load, fill: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    fill("train/star", 2)
    fill("train/star/bright", 3)
    fill("train/star/bright/2020.png", 1)  # a folder, despite its name
    fill("train/galaxy", 2)
    (root / "train/galaxy/again").symlink_to(root / "train")  # a link to a parent folder
    dataset = load_root()
    assert np.bincount(dataset.targets).tolist() == [2, 6]
    assert "train/star/bright (3), train/star/bright/2020.png (1)" in caplog.text
    assert "4 images in subfolders of their class folder" in caplog.text


def test_special_files_are_refused_without_opening_them(
    root: Path, load_root: Load, fill: Callable[..., None]
) -> None:
    fill("star", 2)
    fill("galaxy", 2)
    os.mkfifo(root / "star/pipe.png")
    with pytest.raises(UserError, match=r"star/pipe\.png \(a named pipe, not a regular file\)"):
        load_root()
    assert list(load_root(on_bad_image="skip").skipped) == ["star/pipe.png"]


def test_names_that_are_not_utf8_are_refused_before_decoding(
    root: Path, load_root: Load, fill: Callable[..., None]
) -> None:
    fill("star", 2)
    fill("galaxy", 2)
    (root / "star").rename(os.fsdecode(os.fsencode(root) + b"/\xe9toile"))
    with pytest.raises(
        UserError, match=r"names that are not UTF-8: \\xe9toile\. Rename"
    ) as refusal:
        load_root()
    str(refusal.value).encode()


def test_broken_links_are_refused_by_name(
    root: Path, load_root: Load, fill: Callable[..., None]
) -> None:
    fill("star", 2)
    fill("galaxy", 2)
    (root / "star/round.png").symlink_to("round.png")
    (root / "star/lost.png").symlink_to("absent.png")
    assert load_root(on_bad_image="skip").skipped == {
        "star/lost.png": "a broken link",
        "star/round.png": "cannot be read (Too many levels of symbolic links)",
    }
    with pytest.raises(UserError, match="File name too long"):
        load_root(root=str(root / ("x" * 300)))


def test_unreadable_folders_are_refused_by_name(
    root: Path, load_root: Load, fill: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill("star")
    fill("galaxy")
    scan = os.scandir

    def refuse_star(folder: Path) -> object:
        if folder.name == "star":
            raise PermissionError(13, "Permission denied")
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse_star)
    with pytest.raises(
        UserError, match=r"images/star cannot be read as a folder \(Permission denied\)"
    ):
        load_root()


def test_a_root_without_images_is_refused(root: Path, load_root: Load) -> None:
    with pytest.raises(UserError, match=r"images cannot be read as a folder \(No such file"):
        load_root()
    root.mkdir()
    for folder in (None, "train"):
        if folder:
            (root / folder).mkdir()
        with pytest.raises(UserError, match=r"no images in train/<class>/ or"):
            load_root()
    for extension in ("png", "fits"):
        (root / f"stray.{extension}").touch()
    with pytest.raises(UserError, match="2 images are outside of class folders"):
        load_root()


def test_a_class_of_unreadable_formats_is_refused_with_their_number(
    root: Path, load_root: Load, fill: Callable[..., None]
) -> None:
    fill("galaxy")
    (root / "star").mkdir()
    for number in range(3):
        (root / f"star/{number}.ppm").touch()
    with pytest.raises(UserError, match=r"star .* only others: .ppm, not .* \(3\)"):
        load_root()


@pytest.mark.parametrize(
    ("folders", "empty", "message"),
    [
        (["train/a", "train/b"], "train/c", "Class folder train/c .* contains no .jpg"),
        (["a", "b"], "c", "Class folder c .* contains no .jpg"),
        (["train/a", "train/b", "val/a"], "val/b", "Class folder val/b"),
        (["train/a", "train/b", "test/c"], None, "class c is in test but not in train, .* a, b"),
        (["train/a", "train/b", "more/c"], None, "class c is in more but not in train"),
        (["train/a"], None, "the only class is a"),
        (["a/x", "a/y", "b/x"], None, r"a .* no images itself, but 2 .* a/x \(1\), a/y \(1\)"),
        (["val/a", "val/b"], None, "val/ but no train/"),
        (
            ["train/a", "train/b", "val/a", "valid/a"],
            None,
            "val and valid are both val.* folder for val",
        ),
        (["train/a", "train/b", "Test/a", "testing/a"], None, "Test and testing are both test"),
        (["Train/a", "training/a"], None, "Train and training are both train"),
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
def test_folders_of_sdss_cutouts_are_read(root: Path, load_root: Load) -> None:
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


def test_files_of_one_band_each_become_images_by_their_pattern(
    tmp_path: Path, source_settings: Callable[..., Any]
) -> None:
    root = tmp_path / "root"
    galaxy = write_bands(root / "galaxy", "0012", ("u", "g", "r"), seed=1)
    star = write_bands(root / "star", "0013", ("g", "r"), seed=2)
    (root / "star/cat-0013.fits").touch()
    settings = source_settings(
        "image_folder",
        root=str(root),
        bands=["r", "u", "g"],
        pattern="s-{band}-{id}.fits",
        image_px=None,
        stretch="linear",
        missing_band="mask",
    )
    dataset = load(settings)
    np.testing.assert_array_equal(dataset.images[0], galaxy[[2, 0, 1]])
    np.testing.assert_array_equal(dataset.images[1], [star[1], np.zeros((8, 8)), star[0]])
    assert dataset.ids.tolist() == ["0012", "0013"]
    assert dataset.pixels.bands == ("r", "u", "g")
    assert dataset.skipped == {
        "star/cat-0013.fits": "not of the pattern s-{band}-{id}.fits",
    }
    assert "Band u is missing in 1 of 2 images" in dataset.notes[0]
    refused = settings.model_copy(update={"missing_band": "refuse"})
    with pytest.raises(UserError, match=r"star/s-\{band\}-0013\.fits \(no file of band u"):
        load(refused)


def test_bands_on_different_grids_are_refused_with_the_file(
    tmp_path: Path, source_settings: Callable[..., Any]
) -> None:
    from astropy.io import fits

    for label in ("galaxy", "star"):
        write_bands(tmp_path / label, label, ("g", "r"))
    fits.setval(tmp_path / "star/s-r-star.fits", "CRPIX1", value=7.0)
    settings = source_settings(
        "image_folder", root=str(tmp_path), bands=["g", "r"], pattern="s-{band}-{id}.fits"
    )
    with pytest.raises(
        UserError, match=r"s-r-star\.fits differs from s-g-star\.fits in pixel grid \(3 px"
    ):
        load(settings)


def test_positions_in_names_are_those_of_the_images(
    tmp_path: Path, source_settings: Callable[..., Any]
) -> None:
    for label, place in (("galaxy", "187.5-12.25"), ("star", "10--0.5")):
        write_bands(tmp_path / label, place, ("g", "r"))
    dataset = load(
        source_settings(
            "image_folder",
            root=str(tmp_path),
            bands=["g", "r"],
            pattern="s-{band}-{ra}-{dec}.fits",
            image_px=None,
            pixel_scale_arcsec=0.4,
        )
    )
    assert dataset.sky_deg is not None
    np.testing.assert_array_equal(dataset.sky_deg, [[187.5, 12.25], [10, -0.5]])
    assert dataset.ids.tolist() == ["187.5_12.25", "10_-0.5"]
    assert dataset.neighbor_arcsec == pytest.approx(8 * 0.4)
