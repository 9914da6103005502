from __future__ import annotations

import numpy as np
import pytest
from astropy.visualization import make_lupton_rgb

from astroclf.data.lupton import lupton_rgb


@pytest.mark.parametrize(("stretch", "q"), [(5, 8), (0.5, 10), (50, 2)])
def test_pictures_equal_those_of_astropy(stretch: float, q: float) -> None:
    rng = np.random.default_rng(0)
    flux = rng.normal(0, 3, (4, 3, 16, 16)) + rng.exponential(30, (4, 3, 16, 16))
    found = lupton_rgb(flux, stretch, q)
    for picture, (red, green, blue) in zip(found, flux, strict=True):
        expected = make_lupton_rgb(red, green, blue, minimum=0, stretch=stretch, Q=q)
        difference = picture.transpose(1, 2, 0).astype(int) - expected.astype(int)
        assert np.abs(difference).max() <= 1
        assert (difference == 0).mean() > 0.99


def test_colors_are_the_ratios_of_the_bands_at_any_brightness() -> None:
    color = np.array([4.0, 2.0, 1.0])[:, None, None]
    for brightness in (10.0, 1e4):
        red, green, blue = lupton_rgb(brightness * color[None], 5, 8)[0, :, 0, 0].astype(float)
        assert red / green == pytest.approx(2, abs=0.1)
        assert green / blue == pytest.approx(2, abs=0.1)
