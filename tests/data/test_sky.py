from __future__ import annotations

import numpy as np
import pytest
from astropy.stats import sigma_clipped_stats
from hypothesis import given
from hypothesis import strategies as st

from astroclf.data.sky import clipped_median, sky_levels


def stamp(seed: int, bands: int = 2, px: int = 40) -> np.ndarray:
    """Noise on a pedestal for each band, and a bright source in the center."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((px, px)) - px / 2
    source = 500 * np.exp(-(x**2 + y**2) / (2 * (px / 20) ** 2))
    sky = 100 * np.arange(1, bands + 1)[:, None, None]
    return (sky + source + rng.normal(0, 3, (bands, px, px))).astype(np.float32)


@given(
    values=st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=60),
    invalid=st.lists(st.sampled_from([np.nan, np.inf, -np.inf]), max_size=5),
)
@pytest.mark.filterwarnings("ignore::astropy.utils.exceptions.AstropyUserWarning")
def test_the_clipped_median_is_that_of_astropy(values: list[float], invalid: list[float]) -> None:
    pixels = np.array([*values, *invalid])
    expected = sigma_clipped_stats(pixels, sigma=3, maxiters=5)[1]
    assert clipped_median(pixels) == pytest.approx(expected, rel=1e-12)


def test_each_band_has_the_level_of_astropy() -> None:
    picture = stamp(0)
    picture[0, 3, 5] = np.nan
    levels = sky_levels(picture, "sigma_clip")
    assert levels.dtype == np.float32
    expected = [sigma_clipped_stats(band[np.isfinite(band)])[1] for band in picture]
    np.testing.assert_allclose(levels, expected, rtol=1e-6)


def test_the_border_is_the_outer_tenth() -> None:
    picture = stamp(1)
    outside = picture.copy()
    outside[:, 4:36, 4:36] = np.nan
    expected = [sigma_clipped_stats(band[np.isfinite(band)])[1] for band in outside]
    np.testing.assert_allclose(sky_levels(picture, "border"), expected, rtol=1e-6)


@pytest.mark.parametrize("method", ["border", "sigma_clip"])
def test_the_sky_under_a_source_is_found(method: str) -> None:
    errors = [sky_levels(stamp(seed), method) - [100, 200] for seed in range(20)]  # type: ignore[arg-type]
    # The mean of 20 medians of 576 border pixels of sigma 3 has an error of 0.04; wings that are not
    # clipped add a bias where all pixels are used.
    assert np.abs(np.mean(errors, axis=0)).max() < (0.12 if method == "border" else 0.6)


def test_small_and_invalid_bands_have_a_level() -> None:
    picture = np.stack([np.full((3, 3), 7.0), np.full((3, 3), np.nan)]).astype(np.float32)
    for method in ("border", "sigma_clip"):
        assert sky_levels(picture, method).tolist() == [7, 0]  # type: ignore[arg-type]
