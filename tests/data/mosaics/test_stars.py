from __future__ import annotations

import numpy as np
import pytest

from astroclf.data.mosaics.stars import star_widths_px
from fixtures.simulated_frames import gaussian


def test_width_of_moffat_stars_is_that_of_the_profile() -> None:
    rng = np.random.default_rng(0)
    image = rng.normal(0, 1, (400, 400))
    y, x = np.indices(image.shape)
    alpha, beta = 3.0, 3.0
    for number in range(16):
        x0, y0 = 50 + 100 * np.array([number % 4, number // 4]) + rng.uniform(-0.5, 0.5, 2)
        image += 3000 * (1 + ((x - x0) ** 2 + (y - y0) ** 2) / alpha**2) ** -beta
    widths = star_widths_px(image.astype(np.float32))
    assert len(widths) >= 10
    fwhm = 2 * alpha * np.sqrt(2 ** (1 / beta) - 1)
    assert np.median(widths) == pytest.approx(fwhm, rel=0.01)


@pytest.mark.parametrize("content", ["noise", "constant", "empty", "two stars"])
def test_frames_without_stars_give_no_width(content: str) -> None:
    image = np.random.default_rng(0).normal(0, 1, (200, 200)).astype(np.float32)
    if content == "constant":
        image[:] = 3
    if content == "empty":
        image[:] = np.nan
    if content == "two stars":
        image[50:91, 50:91] += 5000 * gaussian((41, 41), 20, 20, 2).astype(np.float32)
        image[120:161, 120:161] += 5000 * gaussian((41, 41), 20, 20, 2).astype(np.float32)
    assert len(star_widths_px(image)) == 0
