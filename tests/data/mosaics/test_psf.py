from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from astroclf.data.mosaics.frames import Mosaic
from astroclf.data.mosaics.parameters import CutoutParameters
from astroclf.data.mosaics.psf import UNKNOWN, PsfWidth, kernel_sigma, psf_widths, smooth, with_psf
from astroclf.data.mosaics.stamps import StampCutter
from astroclf.errors import UserError
from fixtures.simulated_frames import (
    FWHM_PER_SIGMA,
    Sky,
    gaussian,
    render,
    scatter,
    tan_wcs,
    write_frame,
)

CENTER = (150.0, 2.0)
SCALE, SHAPE = 0.4, (700, 700)
WIDTHS = {"g": 1.4, "r": 1.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stars, twice as many galaxies, and one saturated star, in two bands with noise."""
    folder = tmp_path_factory.mktemp("psf")
    n, rng = 81, np.random.default_rng(0)
    sigmas = np.where(np.arange(n) % 3, rng.uniform(0.5, 1.5, n), 0.0)
    sky = Sky(scatter(CENTER, n, 250, 0, 15), 10 ** rng.uniform(3.8, 4.5, n), sigmas)
    for band, fwhm in WIDTHS.items():
        wcs = tan_wcs(CENTER, SCALE, SHAPE)
        image = render(sky, wcs, SHAPE, fwhm, SCALE) + rng.normal(50, 2, SHAPE)
        image[330:370, 330:370] += np.minimum(5e6 * gaussian((40, 40), 20, 20, 2.0), 20_000)
        write_frame(folder / f"{band}.fits", image, wcs)
    return folder


def expected(fwhm: float) -> float:
    """Return the width of a Gaussian that is integrated over pixels."""
    return float(FWHM_PER_SIGMA * np.hypot(fwhm / FWHM_PER_SIGMA, SCALE / np.sqrt(12)))


@pytest.mark.slow
def test_widths_of_stars_among_galaxies(
    folder: Path, open_frames: Callable[..., Mosaic], tmp_path: Path
) -> None:
    mosaic = open_frames(folder / "{band}.fits", "g", "r")
    widths = psf_widths(mosaic, tmp_path)
    for width, fwhm in zip(widths, WIDTHS.values(), strict=True):
        assert width.fwhm_arcsec == pytest.approx(expected(fwhm), rel=0.02)
        assert width.n_stars >= 15
    assert psf_widths(mosaic, tmp_path) == widths  # read from the cache


def test_matched_bands_have_one_width_and_the_same_flux(
    tmp_path: Path, open_frames: Callable[..., Mosaic], parameters: Callable[..., CutoutParameters]
) -> None:
    sky = Sky(np.array([CENTER]), np.array([1e4]), np.zeros(1))
    for band, fwhm in WIDTHS.items():
        wcs = tan_wcs(CENTER, SCALE, (200, 200))
        write_frame(tmp_path / f"{band}.fits", render(sky, wcs, (200, 200), fwhm, SCALE), wcs)
    mosaic = open_frames(tmp_path / "{band}.fits", "g", "r")
    measured = [PsfWidth(fwhm, fwhm, fwhm, 9) for fwhm in WIDTHS.values()]
    matched = with_psf(parameters(), measured, "widest")
    assert matched.psf_fwhm_arcsec == 1.4
    cutter = StampCutter(mosaic, matched)
    image = cutter.cut(CENTER, mosaic.covering(sky.sky_deg)[0]).image
    x = np.arange(48)
    totals = image.sum(axis=(1, 2))
    np.testing.assert_allclose(totals, 1e4, rtol=1e-4)
    means = (image * x).sum(axis=(1, 2)) / totals
    variances = (image * (x - means[:, None, None]) ** 2).sum(axis=(1, 2)) / totals
    assert variances[1] == pytest.approx(variances[0], rel=0.01)


def test_widths_that_cannot_be_reached_are_refused(
    parameters: Callable[..., CutoutParameters],
) -> None:
    measured = [PsfWidth(1.4, 1.3, 1.5, 9), PsfWidth(1.0, 1.0, 1.0, 9)]
    with pytest.raises(UserError, match=r"match_psf=1\.2: the widest band has 1\.4 arcsec"):
        with_psf(parameters(), measured, 1.2)
    with pytest.raises(UserError, match="PSF of band r could not be measured"):
        with_psf(parameters(), [measured[0], UNKNOWN], "widest")
    kept = with_psf(parameters(), [measured[0], UNKNOWN], "none")
    assert (kept.band_fwhm_arcsec, kept.psf_fwhm_arcsec) == ((1.4, None), None)
    assert kernel_sigma(with_psf(parameters(), measured, 1.4)) == [
        0,
        pytest.approx(np.sqrt(1.4**2 - 1) / FWHM_PER_SIGMA),
    ]


def test_invalid_pixels_do_not_spread_when_a_band_is_smoothed() -> None:
    band = np.ones((20, 20), np.float32)
    band[5, 5] = np.nan
    smoothed = smooth(band, 1.5)
    assert np.isnan(smoothed).sum() == 1
    np.testing.assert_allclose(smoothed[np.isfinite(smoothed)], 1)


def test_widths_survive_the_cache() -> None:
    for width in (PsfWidth(1.3, 1.2, 1.4, 20), UNKNOWN):
        assert str(PsfWidth.of(width.as_json())) == str(width)
    assert str(UNKNOWN) == "not measured, fewer than three bright stars"
