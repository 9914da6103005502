"""Resampling of a part of a frame onto the grid of a stamp."""

from __future__ import annotations

import numpy as np

from astroclf.data.mosaics.frame_pixels import Box
from astroclf.data.mosaics.grid import Mapping

SPLINE = 3  # order of the interpolation
MARGIN_PX = 5  # of the frame, round a stamp: the weight of a pixel farther away is below 0.002
SAME_STEP = (
    1.05  # stamp pixels up to so many frame pixels wide are not averaged over several points
)
LEAST_WEIGHT = 1e-3  # of an invalid pixel of the frame that makes a pixel of the stamp invalid


def source_box(mapping: Mapping) -> Box:
    """Return the part of the frame that a stamp needs."""
    last = mapping.grid.image_px - 1
    x, y = mapping.affine(np.array([0, last, 0, last]), np.array([0, 0, last, last]))
    margin = MARGIN_PX + int(np.ceil(mapping.affine.step / 2 + mapping.error_px))
    return Box(
        int(np.floor(y.min())) - margin,
        int(np.ceil(y.max())) + margin + 1,
        int(np.floor(x.min())) - margin,
        int(np.ceil(x.max())) + margin + 1,
    )


def resample(part: np.ndarray, box: Box, mapping: Mapping) -> np.ndarray:
    """Return a stamp (H, W) float32 in units of the frame, per pixel of the frame; NaN where invalid.

    part: pixels of the box, NaN where invalid. Values are cubic splines through the pixels of the
    frame; a pixel of the stamp that is wider than one of the frame is the mean of several points.
    """
    step = mapping.affine.step
    points = 1 if step <= SAME_STEP else int(np.ceil(step))
    n = mapping.grid.image_px
    places = (np.arange(n * points) + 0.5) / points - 0.5
    x, y = mapping(*np.meshgrid(places, places))
    values, weight = interpolate(part, x - box.x0, y - box.y0)
    if points > 1:
        values = values.reshape(n, points, n, points).mean(axis=(1, 3))
        weight = weight.reshape(n, points, n, points).max(axis=(1, 3))
    return np.where(weight > LEAST_WEIGHT, np.nan, values).astype(np.float32)


def interpolate(part: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the spline at points of a part of a frame, and the weight of invalid pixels there."""
    from scipy.ndimage import map_coordinates

    valid = np.isfinite(part)
    invalid = np.zeros(x.shape)
    if not valid.all():
        if not valid.any():
            return np.zeros(x.shape), np.ones(x.shape)
        invalid = map_coordinates((~valid).astype(np.float32), [y, x], order=1, mode="nearest")
        part = np.where(valid, part, np.median(part[valid]))
    # In float64: the spline of large values, such as counts on a bright sky, loses digits in float32.
    values = map_coordinates(part.astype(np.float64), [y, x], order=SPLINE, mode="nearest")
    return values, invalid
