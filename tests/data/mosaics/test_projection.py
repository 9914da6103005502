from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs.utils import proj_plane_pixel_scales

from astroclf.data.formats import BadImage
from astroclf.data.mosaics.projection import (
    FrameProjection,
    TangentProjection,
    arcsec_per_pixel,
    pixel_scale,
    sky_to_tangent,
    tangent_to_sky,
)
from fixtures.simulated_frames import tan_wcs

SHAPE = (100, 120)


def header(**cards: Any) -> fits.Header:
    found = tan_wcs((359.99, -45.0), 0.4, SHAPE, rotation_deg=20).to_header()
    found.update(cards)
    return found


def test_frame_projection_is_that_of_astropy() -> None:
    wcs = tan_wcs((359.99, -45.0), 0.4, SHAPE, rotation_deg=20)
    projection = FrameProjection(wcs.to_header(), SHAPE)
    x, y = np.array([0.0, 50.5, 119.0]), np.array([3.0, 20.0, 99.0])
    sky = projection.sky(x, y)
    np.testing.assert_allclose(sky, wcs.all_pix2world(x, y, 0), rtol=1e-12)
    np.testing.assert_allclose(projection.pixel(*sky), [x, y], atol=1e-6)
    jacobian = arcsec_per_pixel(projection, 60.0, 50.0)
    assert pixel_scale(jacobian) == pytest.approx(3600 * proj_plane_pixel_scales(wcs)[0])


def test_tangent_projection_is_that_of_astropy() -> None:
    square = 0.3 * np.array([[-0.8, 0.6], [0.6, 0.8]])
    projection = TangentProjection(0.001, 89.0, (31.5, 31.5), square)
    x, y = np.meshgrid([0.0, 31.5, 63.0], [0.0, 20.0, 63.0])
    sky = projection.sky(x, y)
    wcs = tan_wcs((0.001, 89.0), 1.0, (64, 64))
    wcs.wcs.crpix, wcs.wcs.cd = [32.5, 32.5], square / 3600
    np.testing.assert_allclose(sky, wcs.all_pix2world(x, y, 0), rtol=1e-10)
    np.testing.assert_allclose(projection.pixel(*sky), [x, y], atol=1e-7)


def test_tangent_offsets_come_back_across_the_meridian() -> None:
    east, north = np.array([-900.0, 0.0, 1200.0]), np.array([30.0, -20.0, 500.0])
    ra, dec = tangent_to_sky(0.1, 60.0, east, north)
    assert ra[0] > 359
    np.testing.assert_allclose(sky_to_tangent(0.1, 60.0, ra, dec), [east, north], atol=1e-6)


@pytest.mark.parametrize(
    ("cards", "reason"),
    [
        ({"CTYPE1": "LINEAR", "CTYPE2": "LINEAR"}, "no WCS"),
        ({"PC1_1": 1.0, "PC1_2": 1.0, "PC2_1": 1.0, "PC2_2": 1.0}, "WCS"),
        ({"CDELT1": 0.0, "CDELT2": 0.0}, "WCS"),
    ],
    ids=["missing", "singular", "zero step"],
)
def test_wcs_that_cannot_be_used_is_refused(cards: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadImage, match=reason):
        FrameProjection(header(**cards), SHAPE)


def test_matrix_of_zeros_is_refused() -> None:
    zeros = {f"CD{i}_{j}": 0.0 for i in (1, 2) for j in (1, 2)}
    cards = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 1.0, **zeros})
    with pytest.raises(BadImage, match="WCS without inverse: its CD matrix is singular"):
        FrameProjection(cards, SHAPE)
