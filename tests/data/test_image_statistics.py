"""Statistics of images, against profiles whose values are known in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from astroclf.data.dataset import ImageDataset
from astroclf.data.image_statistics import (
    SCALAR_NAMES,
    image_statistics,
    measure,
    sample_positions,
)
from astroclf.data.pixels import Pixels

GRI = Pixels(("g", "r", "i"), 0.4, "linear")
ROWS, COLUMNS = np.mgrid[:64, :64]


def squared_distances(center: tuple[float, float]) -> np.ndarray:
    distances: np.ndarray = (ROWS - center[0]) ** 2 + (COLUMNS - center[1]) ** 2
    return distances


def gaussian(sigma_px: float, center: tuple[float, float] = (31.5, 31.5)) -> np.ndarray:
    profile: np.ndarray = np.exp(-squared_distances(center) / 2 / sigma_px**2)
    return profile


@pytest.mark.parametrize("sigma_px", [0.8, 1.0, 2.0, 5.0, 8.0])
@pytest.mark.parametrize("center", [(31.5, 31.5), (32.3, 30.9), (30.0, 33.0)])
def test_half_light_radius_of_a_gaussian(sigma_px: float, center: tuple[float, float]) -> None:
    statistics = measure(gaussian(sigma_px, center)[None, None], Pixels(("r",), 0.4, "linear"))
    expected = sigma_px * math.sqrt(2 * math.log(2))
    assert statistics["half_light_radius_px"][0] == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("alpha_px", [1.5, 4.0])
def test_half_light_radius_of_a_moffat_profile(alpha_px: float) -> None:
    beta = 3.5
    image = (1 + squared_distances((31.8, 31.2)) / alpha_px**2) ** -beta
    statistics = measure(image[None, None], Pixels(("r",), 0.4, "linear"))
    expected = alpha_px * math.sqrt(2 ** (1 / (beta - 1)) - 1)
    assert statistics["half_light_radius_px"][0] == pytest.approx(expected, abs=0.05)


def test_sky_noise_flux_and_signal_to_noise_of_noisy_images() -> None:
    rng = np.random.default_rng(0)
    images = 50 * gaussian(2.0) + rng.normal(10, 3, (100, 1, 64, 64))
    statistics = measure(images, Pixels(("r",), 0.4, "linear"))
    assert statistics["background"].mean() == pytest.approx(10, abs=0.05)
    assert statistics["noise"].mean() == pytest.approx(3, rel=0.02)
    flux, radius = 50 * 2 * math.pi * 4, 2 * math.sqrt(2 * math.log(2))
    assert np.median(statistics["flux"]) == pytest.approx(flux, rel=0.05)
    expected = flux / 2 / (3 * math.sqrt(math.pi) * radius)
    assert np.median(statistics["signal_to_noise"]) == pytest.approx(expected, rel=0.05)


def test_colors_are_magnitudes_of_neighboring_bands() -> None:
    image = gaussian(2.0) * np.array([1.0, 2.0, 5.0])[:, None, None]
    statistics = measure(image[None], GRI)
    assert list(statistics.values) == [*SCALAR_NAMES, "g - r", "r - i"]
    assert statistics["g - r"][0] == pytest.approx(2.5 * math.log10(2), abs=1e-3)
    assert statistics["r - i"][0] == pytest.approx(2.5 * math.log10(2.5), abs=1e-3)


def test_display_values_are_brought_back_to_flux() -> None:
    flux = 0.8 * gaussian(3.0)
    stretched = np.rint(255 * np.arcsinh(flux / 0.1) / np.arcsinh(10)).astype(np.uint8)
    statistics = measure(stretched[None, None], Pixels(("gray",), None, "asinh"))
    linear = measure(flux[None, None], Pixels(("gray",), None, "linear"))
    for name in ("flux", "half_light_radius_px"):
        assert statistics[name][0] == pytest.approx(linear[name][0], rel=0.02)


@pytest.mark.parametrize("side", [1, 2, 3, 5, 16])
def test_blank_images_of_any_size_have_no_radius(side: int) -> None:
    statistics = measure(np.full((2, 3, side, side), 7, np.uint8), GRI)
    assert np.isnan(statistics["half_light_radius_px"]).all()
    assert np.isnan(statistics["g - r"]).all()
    assert (statistics["noise"] == 0).all()


def test_statistics_are_of_the_chosen_images_in_their_order(
    make_dataset: Callable[..., ImageDataset],
) -> None:
    dataset = make_dataset(150, px=16)
    chosen = np.array([149, 3, *range(100)])
    statistics = image_statistics(dataset, chosen)
    alone = measure(dataset.images[3:4], dataset.pixels)
    assert len(statistics["flux"]) == 102
    assert statistics["flux"][1] == statistics["flux"][5] == alone["flux"][0]
    empty = replace(dataset, images=dataset.images[:0])
    assert not image_statistics(empty, np.arange(0)).values


def test_a_sample_is_a_sorted_subset() -> None:
    positions = np.arange(100, 200)
    assert sample_positions(positions, 100) is positions
    sample = sample_positions(positions, 30)
    assert len(set(sample.tolist())) == 30
    assert (np.diff(sample) > 0).all()
    assert set(sample.tolist()) <= set(positions.tolist())
