from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS
from reproject import reproject_interp

from astroclf.data.mosaics.frame_pixels import Box
from astroclf.data.mosaics.grid import StampGrid, map_stamp, stamp_grid
from astroclf.data.mosaics.projection import FrameProjection, TangentProjection
from astroclf.data.mosaics.resample import MARGIN_PX, interpolate, resample, source_box
from fixtures.simulated_frames import centroid, gaussian, tan_wcs


def test_spline_passes_through_the_pixels() -> None:
    part = np.random.default_rng(0).normal(size=(20, 24)).astype(np.float32)
    x, y = np.meshgrid(np.arange(5.0, 15.0), np.arange(6.0, 12.0))
    values, weight = interpolate(part, x, y)
    np.testing.assert_allclose(values, part[6:12, 5:15], atol=1e-6)
    assert not weight.any()


@pytest.mark.parametrize("scale", [0.2, 0.4, 0.68, 1.2])
def test_flux_of_a_star_is_conserved_at_any_scale_and_angle(scale: float) -> None:
    shape = (121, 121)
    frame = FrameProjection(tan_wcs((10, 20), 0.4, shape, rotation_deg=25).to_header(), shape)
    star = gaussian(shape, 60.3, 59.6, 1.4).astype(np.float32)
    place = frame.sky(60.3, 59.6)
    n = int(20 / scale)
    square = scale * np.array([[-1.0, 0.0], [0.0, 1.0]])
    tangent = TangentProjection(
        float(place[0]), float(place[1]), (n / 2 - 0.5, n / 2 - 0.5), square
    )
    mapping = map_stamp(StampGrid(tangent, (0.0, 0.0), n), frame)
    assert mapping.is_affine
    box = source_box(mapping)
    stamp = mapping.area() * resample(star[box.y0 : box.y1, box.x0 : box.x1], box, mapping)
    x, y, flux = centroid(stamp)
    assert flux == pytest.approx(1, rel=2e-3)
    np.testing.assert_allclose([x, y], n / 2 - 0.5, atol=0.01)


@pytest.mark.parametrize("scale", [0.4, 0.9])
def test_distorted_frames_are_resampled_by_both_wcs(scale: float) -> None:
    shape = (300, 300)
    cards = tan_wcs((10.0, 20.0), 0.4, shape).to_header()
    cards.update({"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 2, "B_ORDER": 2})
    cards.update({"A_2_0": 4e-4, "B_1_1": -3e-4})
    frame = FrameProjection(cards, shape)
    star = gaussian(shape, 161.3, 140.6, 1.8).astype(np.float32)
    position = tuple(map(float, frame.sky(161.3, 140.6)))
    reference = tan_wcs((10, 20), scale, shape, rotation_deg=10)
    flat = FrameProjection(reference.to_header(), shape)
    grid = stamp_grid(flat, (position[0], position[1]), 36, scale, on_object=False)
    mapping = map_stamp(grid, frame)
    assert not mapping.is_affine
    box = source_box(mapping)
    stamp = resample(star[box.y0 : box.y1, box.x0 : box.x1], box, mapping)
    x, y, flux = centroid(stamp * mapping.area())
    np.testing.assert_allclose([x, y], grid.pixel(*position), atol=0.01)
    assert flux == pytest.approx(1, rel=2e-3)
    if scale == 0.4:  # as sharp pixels, the package reproject interpolates the same
        target = reference.deepcopy()
        target.wcs.crpix -= grid.first
        expected, _ = reproject_interp(
            (star, WCS(cards)), target, shape_out=(36, 36), order="bicubic"
        )
        np.testing.assert_allclose(stamp, expected, atol=2e-5 * star.max())


def test_box_holds_every_pixel_that_has_weight() -> None:
    shape = (100, 100)
    frame = FrameProjection(tan_wcs((10, 20), 0.4, shape).to_header(), shape)
    mapping = map_stamp(StampGrid(frame, (20.25, 30.5), 10), frame)
    margin = MARGIN_PX + 1
    assert source_box(mapping) == Box(30 - margin, 40 + margin + 1, 20 - margin, 30 + margin + 1)
