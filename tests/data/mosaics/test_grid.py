from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from astroclf.data.mosaics.grid import EXACT_PX, map_stamp, orientation, stamp_grid
from astroclf.data.mosaics.projection import FrameProjection, arcsec_per_pixel, pixel_scale
from fixtures.simulated_frames import tan_wcs

SHAPE = (400, 400)
POSITION = (10.003, 20.002)


def projection(wcs: WCS) -> FrameProjection:
    return FrameProjection(wcs.to_header(relax=True), SHAPE)


def sip(a_2_0: float) -> FrameProjection:
    """Return a TAN projection with a quadratic distortion."""
    cards = tan_wcs((10.0, 20.0), 0.4, SHAPE).to_header()
    cards.update({"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 2, "B_ORDER": 2})
    cards["A_2_0"] = a_2_0
    return FrameProjection(cards, SHAPE)


@settings(max_examples=30, deadline=None)
@given(
    rotation=st.floats(-180, 180),
    scale=st.floats(0.1, 1.5),
    x=st.floats(-3, 3),
    image_px=st.integers(1, 65),
)
def test_mapping_follows_the_wcs(rotation: float, scale: float, x: float, image_px: int) -> None:
    reference = projection(tan_wcs((10.0, 20.0), 0.4, SHAPE))
    other = projection(tan_wcs((10.0, 20.0), scale, SHAPE, rotation, (x, -x)))
    grid = stamp_grid(reference, POSITION, image_px, 0.4, on_object=False)
    mapping = map_stamp(grid, other)
    places = np.array([0.0, image_px - 1.0])
    expected = other.pixel(*grid.sky(places, places))
    np.testing.assert_allclose(mapping.affine(places, places), expected, atol=EXACT_PX)
    assert mapping.affine.area == pytest.approx((0.4 / scale) ** 2, rel=1e-3) or image_px == 1


def test_grid_of_the_reference_is_a_slice_within_half_a_pixel() -> None:
    reference = projection(tan_wcs((10.0, 20.0), 0.4, SHAPE, rotation_deg=33))
    grid = stamp_grid(reference, POSITION, 31, 0.4, on_object=False)
    mapping = map_stamp(grid, reference)
    assert mapping.shift == grid.first
    assert np.abs(np.subtract(grid.pixel(*POSITION), 15)).max() <= 0.5
    centered = stamp_grid(reference, POSITION, 31, 0.4, on_object=True)
    np.testing.assert_allclose(centered.pixel(*POSITION), 15, atol=1e-6)
    assert map_stamp(centered, reference).shift is None


def test_frames_whose_grids_coincide_are_sliced() -> None:
    reference = projection(tan_wcs((10.0, 20.0), 0.4, SHAPE))
    shifted = projection(tan_wcs((10.0, 20.0), 0.4, SHAPE, offset_px=(7.0, -3.0)))
    grid = stamp_grid(reference, POSITION, 31, 0.4, on_object=False)
    shift = map_stamp(grid, shifted).shift
    assert shift == (grid.first[0] + 7, grid.first[1] - 3)
    off = projection(tan_wcs((10.0, 20.0), 0.4, SHAPE, offset_px=(7.02, -3.0)))
    assert map_stamp(grid, off).shift is None


def test_grid_of_another_scale_has_the_orientation_of_the_frame() -> None:
    reference = projection(tan_wcs((10.0, 20.0), 0.4, SHAPE, rotation_deg=33))
    grid = stamp_grid(reference, POSITION, 31, 0.5, on_object=True)
    jacobian = arcsec_per_pixel(grid.projection, 15, 15)
    assert pixel_scale(jacobian) == pytest.approx(0.5)
    frame = arcsec_per_pixel(reference, 200, 200)
    np.testing.assert_allclose(orientation(jacobian), orientation(frame), atol=1e-4)


def test_distortion_beyond_the_tolerance_is_not_affine() -> None:
    reference = projection(tan_wcs((10.0, 20.0), 0.4, SHAPE))
    grid = stamp_grid(reference, POSITION, 64, 0.4, on_object=False)
    assert map_stamp(grid, sip(1e-8)).is_affine
    assert not map_stamp(grid, sip(5e-4)).is_affine
