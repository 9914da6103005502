from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from astroclf.data.pixels import Pixels
from astroclf.data.thumbnails import make_thumbnails, over_panels, sky_noise


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_thumbnails_are_rgb_images(make_dataset: Any, dtype: type, channels: int) -> None:
    dataset = make_dataset(9, channels, 6, dtype=dtype)
    thumbnails = make_thumbnails(dataset, np.array([4, 1]))
    side = 2 if channels == 2 else 1  # of the square of panels
    assert thumbnails.shape == (2, 6 * side, 6 * side, 3)
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


def test_i_is_red_among_the_bands_of_sdss(make_dataset: Any) -> None:
    dataset = make_dataset(1, 5, 16, dtype=np.float32)
    images = np.random.default_rng(0).normal(size=(1, 5, 16, 16)).astype(np.float32)
    images[0, 3, 8, 8] = 500  # only in i
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


def test_one_panel_a_band_is_shown_where_asked(make_dataset: Any) -> None:
    dataset = make_dataset(3, 4, 6, dtype=np.float32)
    pixels = Pixels(tuple("griz"), 0.4, "linear", rgb_bands=())
    found = make_thumbnails(replace(dataset, pixels=pixels), np.arange(3))
    assert found.shape == (3, 12, 12, 3)
    one = replace(dataset, images=dataset.images[:, 2:3], pixels=Pixels(("i",), 0.4, "linear"))
    np.testing.assert_array_equal(found[:, 6:, :6], make_thumbnails(one, np.arange(3)))


def test_maps_are_repeated_in_the_panel_of_each_band() -> None:
    maps = np.random.default_rng(0).random((2, 3, 3))
    rgb = over_panels(maps, Pixels(tuple("gri"), None, "linear"))
    np.testing.assert_array_equal(rgb, maps)
    panels = over_panels(maps, Pixels(tuple("gr"), None, "linear"))
    assert panels.shape == (2, 6, 6)
    np.testing.assert_array_equal(panels[:, :3, 3:], maps)
    assert (panels[:, 3:] == 0).all()


def test_the_noise_of_the_sky_is_the_scale_of_each_band(make_dataset: Any) -> None:
    rng = np.random.default_rng(0)
    images = (rng.normal(size=(20, 3, 40, 40)) * [[[[1]], [[10]], [[0.1]]]]).astype(np.float32)
    np.testing.assert_allclose(sky_noise(images), [1, 10, 0.1], rtol=0.03)
    images[:, :, 20, 20] += np.array([20, 200, 2])  # 20 sigma in each band: white
    dataset = replace(make_dataset(20), images=images, pixels=Pixels(tuple("gri"), 0.4, "linear"))
    found = make_thumbnails(dataset, np.arange(20)).astype(float)
    assert found[:, 20, 20].mean() > 3 * found[:, :10, :10].mean()
    assert np.ptp(found[:, 20, 20].mean(axis=0)) < 20


def test_a_masked_band_leaves_the_others_visible(make_dataset: Any) -> None:
    images = np.random.default_rng(0).normal(size=(2, 3, 8, 8)).astype(np.float32)
    images[:, 1] = 0  # masked
    dataset = replace(make_dataset(2), images=images, pixels=Pixels(tuple("gri"), 0.4, "linear"))
    assert np.isfinite(sky_noise(images)).all()
    assert make_thumbnails(dataset, np.arange(2)).std() > 0
