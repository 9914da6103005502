from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from astroclf.data.dataset import ImageDataset
from astroclf.data.framing import Framing
from astroclf.data.sources import load_dataset, load_labeled_images
from astroclf.errors import UserError
from astroclf.settings import Settings

N = 40
RNG = np.random.default_rng(0)
FLUX = RNG.normal(size=(N, 5, 16, 16)).astype(np.float32)
COLOR = RNG.integers(0, 256, (N, 16, 16, 3), np.uint8)
LABELS = np.arange(N) % 4

Read = Callable[..., ImageDataset]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with h5py.File(tmp_path / "sky.h5", "w") as content:
        content["flux"] = FLUX
        content["images"] = COLOR
        content.create_dataset("packed", data=COLOR, compression="gzip", chunks=(7, 16, 16, 1))
        content["wide"] = FLUX.astype(">f8")
        content["counts"] = (1000 * np.abs(FLUX[:, 0])).astype(np.uint16)
        content["labels"] = LABELS
        content["names"] = [["star", "galaxy", "quasar", "comet"][each] for each in LABELS]
        content["objID"] = 1237648720693755918 + np.arange(N)
        content["ra"], content["dec"] = np.linspace(10, 20, N), np.linspace(-5, 5, N)
        content["votes"] = np.stack([LABELS / 4, 1 - LABELS / 4], axis=1)
        content["few"] = np.arange(3)
    return tmp_path / "sky.h5"


@pytest.fixture
def read(settings: Callable[..., Settings], file: Path, tmp_path: Path) -> Read:
    """read(*overrides): the images of the file."""

    def load(*overrides: str, source: str = "hdf5", labeled: bool = False) -> ImageDataset:
        of = (f"dataset={source}", f"dataset.file={file}", f"dataset.cache={tmp_path / 'cache'}")
        section = settings(*of, *overrides).dataset
        return load_labeled_images(section) if labeled else load_dataset(section)

    return load


def is_mapped(dataset: ImageDataset, file: Path) -> bool:
    base: Any = dataset.images
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap) and base.filename is not None:
            return Path(base.filename) == file
        base = base.base
    return False


def test_plain_arrays_are_mapped_where_they_are(
    read: Read, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        dataset = read()
    assert "shape (40, 16, 16, 3), read as (N, height, width, bands)" in caplog.text
    assert is_mapped(dataset, file)
    np.testing.assert_array_equal(dataset.images, COLOR.transpose(0, 3, 1, 2))
    assert dataset.pixels.bands == ("red", "green", "blue")
    assert dataset.pixels.stretch == "asinh"
    assert dataset.classes == ("0", "1", "2", "3")
    assert dataset.ids.tolist() == [str(row) for row in range(N)]
    np.testing.assert_array_equal(dataset.targets, LABELS)
    flux = read("dataset.images_array=flux", "dataset.label_column=names")
    assert is_mapped(flux, file)
    np.testing.assert_array_equal(flux.images, FLUX)
    assert flux.pixels.stretch == "linear"
    assert flux.classes == ("comet", "galaxy", "quasar", "star")


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        ("packed", COLOR.transpose(0, 3, 1, 2)),
        ("wide", FLUX),
        ("counts", (1000 * np.abs(FLUX[:, :1])).astype(np.uint16).astype(np.float32)),
    ],
)
def test_other_arrays_are_read_into_the_cache(
    read: Read, file: Path, array: str, expected: np.ndarray
) -> None:
    for dataset in (read(f"dataset.images_array={array}"), read(f"dataset.images_array={array}")):
        assert not is_mapped(dataset, file)
        np.testing.assert_array_equal(dataset.images, expected)


def test_images_are_framed_as_files_are(read: Read) -> None:
    dataset = read("dataset.crop_px=12", "dataset.image_px=6", "dataset.channels=1")
    framing = Framing(("gray",), "8-bit", "asinh", 12, 6)
    expected = [framing.fit(picture) for picture in COLOR.transpose(0, 3, 1, 2)]
    np.testing.assert_array_equal(dataset.images, expected)
    assert dataset.framing == framing


def test_hashes_do_not_depend_on_the_way_of_reading(read: Read) -> None:
    assert read().picture_hashes == read("dataset.images_array=packed").picture_hashes


def test_hashes_are_kept_in_the_cache(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read().picture_hashes
    monkeypatch.setattr("astroclf.data.sources.picture_scan.hash_pictures", None)
    assert read().picture_hashes == first


def test_a_changed_file_is_read_again(read: Read, file: Path) -> None:
    before = read("dataset.images_array=packed").picture_hashes
    with h5py.File(file, "a") as content:
        content["packed"][3] = 0
    after = read("dataset.images_array=packed").picture_hashes
    assert [i for i in range(N) if before[i] != after[i]] == [3]


def test_images_with_invalid_pixels_are_not_used_where_they_are(read: Read, file: Path) -> None:
    with h5py.File(file, "a") as content:
        content["flux"][5, 2, 7, 7] = np.nan
    dataset = read("dataset.images_array=flux")
    assert not is_mapped(dataset, file)
    assert np.isfinite(dataset.images).all()
    assert dataset.invalid_share is not None
    assert np.flatnonzero(dataset.invalid_share).tolist() == [5]


def test_bands_of_mapped_images_are_named(read: Read, file: Path) -> None:
    dataset = read("dataset.images_array=flux", "dataset.bands=[u,g,r,i,z]")
    assert is_mapped(dataset, file)
    assert dataset.pixels.bands == ("u", "g", "r", "i", "z")
    two = read("dataset.images_array=flux", "dataset.bands={z: 5, g: 2}")
    assert not is_mapped(two, file)
    np.testing.assert_array_equal(two.images, FLUX[:, [4, 1]])


def test_ids_positions_and_votes_are_other_arrays(read: Read) -> None:
    dataset = read(
        "dataset.id_column=objID",
        "dataset.ra_column=ra",
        "dataset.dec_column=dec",
        "dataset.neighbor_arcsec=5",
        "dataset.label_column=null",
        "dataset.vote_columns=[votes]",
        "dataset.class_names=[smooth,featured]",
        "loss=mse",
    )
    assert dataset.ids[1] == "1237648720693755919"
    assert dataset.classes == ("smooth", "featured")
    np.testing.assert_array_equal(dataset.targets[:, 0], (LABELS / 4).astype(np.float32))
    assert dataset.sky_deg is not None
    np.testing.assert_array_equal(dataset.sky_deg[:, 0], np.linspace(10, 20, N))


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["images_array=nothing"], "dataset.images_array=nothing is not an array of dataset.file="),
        (["label_column=class"], "dataset.label_column=class is not an array of dataset.file="),
        (["label_column=few"], "has the shape (3,), not one value for each of 40 images."),
        (["images_array=labels"], "has the shape (40,). Give an array (N, height, width), or of 4"),
        (["class_names=[a,b]"], "names the labels 0 to 1, but dataset.label_column=labels of"),
        (["class_names=[a,b]"], "holds 2, 3. Name every label, in their order."),
        (["crop_px=17"], "dataset.crop_px=17 is larger than the images of 16 x 16 px. Choose 16"),
        (["label_column=null", "vote_columns=[few]"], "not one value for each of 40 images"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    read: Read, overrides: list[str], sentence: str
) -> None:
    votes = ["loss=mse"] * any("vote_columns" in override for override in overrides)
    with pytest.raises(UserError) as refused:
        read(*(f"dataset.{override}" for override in overrides), *votes)
    assert sentence in str(refused.value)


def test_ambiguous_axes_are_refused_until_they_are_stated(read: Read, file: Path) -> None:
    with h5py.File(file, "a") as content:
        content["cube"] = np.broadcast_to(FLUX[:, :1, :5, :5], (N, 5, 5, 5))
    with pytest.raises(
        UserError, match=r"in which bands, rows and columns are ambiguous\. Set dataset\.axes=nchw"
    ):
        read("dataset.images_array=cube")
    for axes, values in (("nchw", FLUX[:, 0, 0, 1]), ("nhwc", FLUX[:, 0, 1, 0])):
        images = read("dataset.images_array=cube", f"dataset.axes={axes}").images
        np.testing.assert_array_equal(images[:, 0, 0, 1], values)


def write_layout(file: Path, classes: int, label: str, **more: np.ndarray) -> np.ndarray:
    """Write a file as astroNN and GalaxyMNIST do; return its labels."""
    labels = (np.arange(60) % classes).astype(np.uint8)
    images = RNG.integers(0, 256, (60, 12, 12, 3), np.uint8)
    with h5py.File(file, "w") as content:
        content.create_dataset("images", data=images, compression="gzip")
        content[label] = labels
        for name, values in more.items():
            content[name] = values
    return labels


@pytest.mark.parametrize(
    ("layout", "label", "names"),
    [
        ("galaxy10_sdss", "ans", {3: "Smooth, Cigar shaped", 5: "Disk, Edge-on, Boxy Bulge"}),
        ("galaxy10_decals", "ans", {3: "In-between Round Smooth Galaxies", 9: "Edge-on Galaxies with Bulge"}),
        ("galaxy_mnist", "labels", {0: "smooth_round", 3: "unbarred_spiral"}),
    ],
)  # fmt: skip
def test_known_layouts_have_the_names_of_their_classes(
    read: Read, file: Path, layout: str, label: str, names: dict[int, str]
) -> None:
    sky = {"ra": np.linspace(0, 59, 60), "dec": np.zeros(60), "pxscale": np.full(60, 0.262)}
    count = 4 if layout == "galaxy_mnist" else 10
    labels = write_layout(file, count, label, **(sky if layout == "galaxy10_decals" else {}))
    dataset = read("dataset.val_fraction=0.3", source=layout)
    assert len(dataset.classes) == count
    assert {number: dataset.classes[number] for number in names} == names
    np.testing.assert_array_equal(dataset.targets, labels)  # the classes are in their order
    if layout == "galaxy10_decals":
        assert dataset.pixels.pixel_scale_arcsec == pytest.approx(0.262)
        assert dataset.neighbor_arcsec == pytest.approx(12 * 0.262)


def test_differing_pixel_scales_are_no_common_one(read: Read, file: Path) -> None:
    scales = np.where(np.arange(60) < 30, 0.262, 0.4)
    write_layout(file, 10, "ans", ra=np.arange(60.0), dec=np.zeros(60), pxscale=scales)
    dataset = read("dataset.val_fraction=0.3", source="galaxy10_decals")
    assert dataset.pixels.pixel_scale_arcsec is None
    assert dataset.neighbor_arcsec == pytest.approx(12 * 0.4)


def test_an_evaluation_takes_one_class_and_no_split(read: Read, file: Path) -> None:
    with h5py.File(file, "a") as content:
        content["labels"][:] = 2
    with pytest.raises(UserError, match="the only class is 2"):
        read()
    dataset = read(labeled=True)
    assert dataset.classes == ("2",)
    assert set(dataset.split.tolist()) == {""}


def test_batches_of_mapped_images_are_those_of_a_copy(read: Read) -> None:
    from astroclf.data.loader import BatchSampler, ResidentImages, StreamedImages

    dataset, cpu = read(), torch.device("cpu")
    chunks = BatchSampler(dataset.indices("train"), 8, 0, cpu).shuffled(0)
    streamed = StreamedImages(dataset.images, cpu).rows(chunks)
    resident = ResidentImages(dataset.images, cpu).rows(chunks)
    for one, other in zip(streamed, resident, strict=True):
        assert torch.equal(one, other)
