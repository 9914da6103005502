from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from astroclf.data.pixels import Pixels
from astroclf.data.thumbnails import make_thumbnails


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_thumbnails_are_rgb_images(make_dataset: Any, dtype: type, channels: int) -> None:
    dataset = make_dataset(9, channels, 6, dtype=dtype)
    thumbnails = make_thumbnails(dataset, np.array([4, 1]))
    assert thumbnails.shape == (2, 6, 6, 3)
    assert thumbnails.dtype == np.uint8


def test_display_images_are_unchanged(make_dataset: Any) -> None:
    dataset = make_dataset(9)
    found = make_thumbnails(dataset, np.array([3]))[0]
    np.testing.assert_array_equal(found, dataset.images[3].transpose(1, 2, 0))


def test_16_bit_images_are_reduced_to_8_bits(make_dataset: Any) -> None:
    dataset = make_dataset(3)
    deep = replace(dataset, images=dataset.images.astype(np.uint16) * 257)
    np.testing.assert_array_equal(
        make_thumbnails(deep, np.arange(3)), make_thumbnails(dataset, np.arange(3))
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_one_band_is_gray(make_dataset: Any, dtype: type) -> None:
    found = make_thumbnails(make_dataset(4, 1, dtype=dtype), np.arange(4))
    assert (found == found[..., :1]).all()
    assert found.std() > 0


def test_the_reddest_band_of_flux_is_red(make_dataset: Any) -> None:
    dataset = make_dataset(1, 5, 16, dtype=np.float32)
    images = np.random.default_rng(0).normal(size=(1, 5, 16, 16)).astype(np.float32)
    images[0, 4, 8, 8] = 500  # only in z
    images[0, 0, 3, 3] = 500  # u is not shown
    dataset = replace(dataset, images=images, pixels=Pixels(tuple("ugriz"), 0.4, "linear"))
    found = make_thumbnails(dataset, np.array([0]))[0]
    assert found[8, 8].argmax() == 0
    assert found[8, 8, 0] > 250
    assert found[3, 3].max() < 150


@pytest.mark.parametrize("level", [0.0, -3.0, 1e6])
def test_an_image_without_contrast_is_shown(make_dataset: Any, level: float) -> None:
    dataset = make_dataset(2, dtype=np.float32)
    dataset.images[:] = level
    found = make_thumbnails(dataset, np.arange(2))
    assert (found == found[0, 0, 0, 0]).all()


def test_simulated_objects_are_visible(simulated_dataset: Any) -> None:
    found = make_thumbnails(simulated_dataset, np.arange(8)).astype(float)
    middle = found[:, 13:19, 13:19].mean(axis=(1, 2, 3))
    corner = found[:, :4, :4].mean(axis=(1, 2, 3))
    assert (middle > corner).mean() > 0.8
