from __future__ import annotations

import math
from typing import Any

import pytest

from astroclf.data.pixel_grid import PixelGrid

SCALE_DEG = 0.396 / 3600


def header(**cards: Any) -> dict[str, Any]:
    """Cards of a tangent plane of 51 x 51 px, as of a stamp of SDSS."""
    return {
        **{"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 187.5, "CRVAL2": 12.0},
        **{"CRPIX1": 26.0, "CRPIX2": 26.0, "CD1_1": -SCALE_DEG, "CD2_2": SCALE_DEG},
        **{"CD1_2": 0.0, "CD2_1": 0.0, "EXPTIME": 54, **cards},
    }


def offset_px(**cards: Any) -> float:
    first, other = PixelGrid.of_header(header()), PixelGrid.of_header(header(**cards))
    assert first is not None
    assert other is not None
    return first.offset_px(other, 51, 51)


def test_other_cards_do_not_change_the_grid() -> None:
    assert PixelGrid.of_header(header(EXPTIME=10)) == PixelGrid.of_header(header())
    assert offset_px() == 0


def test_a_header_without_wcs_has_no_grid() -> None:
    assert PixelGrid.of_header({"EXPTIME": 54}) is None
    assert PixelGrid.of_header({"CTYPE1": "RA---TAN", "CRVAL1": 1.0}) is None


@pytest.mark.parametrize(
    ("cards", "expected_px"),
    [
        ({"CRPIX1": 26.25}, 0.25),
        ({"CRPIX1": 29.0, "CRPIX2": 30.0}, 5.0),
        ({"CRVAL2": 12 + SCALE_DEG / 2}, 0.5),
        # A rotation by 1 degree moves a corner, 25 sqrt(2) px from the center, along a chord.
        (
            {
                **{"CD1_1": -SCALE_DEG * math.cos(math.radians(1))},
                **{"CD2_2": SCALE_DEG * math.cos(math.radians(1))},
                **{"CD1_2": SCALE_DEG * math.sin(math.radians(1))},
                **{"CD2_1": SCALE_DEG * math.sin(math.radians(1))},
            },
            25 * math.sqrt(2) * 2 * math.sin(math.radians(0.5)),
        ),
    ],
)
def test_the_offset_is_the_distance_of_the_farthest_corner(
    cards: dict[str, float], expected_px: float
) -> None:
    assert offset_px(**cards) == pytest.approx(expected_px, rel=1e-3)


def test_a_digit_beyond_the_precision_of_the_cards_is_no_offset() -> None:
    assert 0 < offset_px(CD1_1=-SCALE_DEG * (1 + 1e-8)) < 1e-5


def test_a_wcs_without_inverse_has_an_infinite_offset() -> None:
    assert offset_px(CD1_2=-SCALE_DEG, CD2_1=SCALE_DEG) == math.inf


def test_a_distortion_counts_where_the_projection_has_one() -> None:
    sip = {"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 1e-3, "B_0_2": 1e-3}
    assert offset_px(**sip) == 0  # left over from before drizzling
    names = {"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP"}
    # The pixel u at 25 px from the center has u + 0.001 u^2 = -25.
    undistorted = (math.sqrt(1 - 4e-3 * 25) - 1) / 2e-3
    assert offset_px(**names, **sip) == pytest.approx(abs(undistorted + 25) * 2**0.5, rel=1e-4)


def test_positions_without_a_pixel_are_nan() -> None:
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": 20.0}
    cards |= {"CRPIX1": 5.0, "CRPIX2": 5.0, "CD1_1": -1e-4, "CD2_2": 1e-4}
    grid = PixelGrid.of_header(cards)
    assert grid is not None
    assert grid.pixel_of(10.0, 20.0) == pytest.approx((4, 4))
    assert grid.scale_arcsec == pytest.approx(0.36)
    assert all(map(math.isnan, grid.pixel_of(190.0, -20.0)))  # the opposite side of the sky
    singular = PixelGrid.of_header(cards | {"CD1_2": 1e-4, "CD2_1": -1e-4})
    assert singular is not None
    assert all(map(math.isnan, singular.pixel_of(10.0, 20.0)))
