from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from astroclf.data.sources.files import ReadFiles
from astroclf.data.sources.mapped_images import map_images
from astroclf.settings import Settings

Map = Callable[..., ReadFiles | None]


@pytest.fixture
def mapped(settings: Callable[..., Settings], tmp_path: Path) -> Map:
    """mapped(images, *overrides): the images in place, or None."""

    def load(images: np.ndarray, *overrides: str) -> ReadFiles | None:
        of = ("dataset=hdf5", "dataset.file=a.h5", f"dataset.cache={tmp_path}")
        return map_images(images, str(images.shape), settings(*of, *overrides).dataset)

    return load


@pytest.mark.parametrize("override", ["image_px=8", "crop_px=8", "channels=3", "stretch=srgb"])
def test_settings_that_change_no_pixel_leave_images_in_place(mapped: Map, override: str) -> None:
    images = np.zeros((4, 3, 8, 8), np.uint8)
    read = mapped(images, f"dataset.{override}")
    assert read is not None
    assert read.images is images
    assert read.hashes is not None
    assert read.hashes.images is images


@pytest.mark.parametrize("override", ["image_px=4", "crop_px=6", "channels=1"])
def test_settings_that_change_pixels_demand_a_copy(mapped: Map, override: str) -> None:
    assert mapped(np.zeros((4, 3, 8, 8), np.uint8), f"dataset.{override}") is None


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((4, 1, 8, 9), np.uint8),
        np.zeros((4, 1, 8, 8), np.uint16),
        np.zeros((4, 1, 8, 8), ">f4"),
        np.full((4, 1, 8, 8), np.nan, np.float32),
    ],
    ids=["not square", "uint16", "big-endian", "NaN"],
)
def test_images_of_another_kind_demand_a_copy(mapped: Map, images: np.ndarray) -> None:
    assert mapped(images) is None
