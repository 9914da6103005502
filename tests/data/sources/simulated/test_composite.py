"""Tests of astroclf.data.sources.simulated.composite."""

import numpy as np

from astroclf.data.sources.simulated.composite import color_composite


def test_composites_follow_the_arcsinh_of_the_mean_intensity() -> None:
    flux = np.array([0.01, 0.05, 0.2], np.float32).reshape(3, 1, 1)
    red, green, blue = 0.2 * 1.0 + 0.02, 0.05 * 1.5 + 0.02, 0.01 * 2.5 + 0.02
    mean = (red + green + blue) / 3
    factor = np.arcsinh(20 * mean) / 20**0.5 / mean
    expected = np.rint(np.clip(np.array([red, green, blue]) * factor, 0, 1) * 255)
    np.testing.assert_array_equal(color_composite(flux).ravel(), expected)


def test_brighter_sources_keep_their_color_until_they_saturate() -> None:
    flux = np.array([0.01, 0.03, 0.04], np.float32).reshape(3, 1, 1) * np.array([1, 2])
    faint, bright = color_composite(flux + 0.0).astype(float)[:, 0].T
    assert bright.sum() > faint.sum()
    np.testing.assert_allclose(bright / bright.sum(), faint / faint.sum(), atol=0.05)


def test_the_sky_is_dark_and_a_bright_star_is_white() -> None:
    assert color_composite(np.zeros((3, 2, 2), np.float32)).max() < 60
    assert color_composite(np.full((3, 2, 2), 100, np.float32)).min() == 255
