"""Cells of the sky, which hold the stamps of different splits apart."""

from __future__ import annotations

import numpy as np

from astroclf.data.mosaics.frames import Mosaic
from astroclf.data.mosaics.grid import orientation
from astroclf.data.mosaics.parameters import CutoutParameters
from astroclf.data.mosaics.psf import kernel_sigma, kernel_width
from astroclf.data.mosaics.resample import MARGIN_PX

SAFETY_PX = (
    2.0  # of rounding to pixels, and of distortions between the center and the edge of a frame
)


def reach_arcsec(mosaic: Mosaic, cutouts: CutoutParameters) -> float:
    """Return the width of north-aligned squares that hold every pixel with a weight in a stamp.

    The margins of the interpolation and of the smoothing of the PSF are included, so that stamps whose
    squares do not overlap share no pixel of any frame.
    """
    scale = cutouts.pixel_scale_arcsec
    smoothing = max(kernel_width(sigma / scale) for sigma in kernel_sigma(cutouts))
    half_arcsec = (cutouts.image_px / 2 + smoothing + SAFETY_PX) * scale
    jacobians = [frame.arcsec_per_px for frame in mosaic.frames]
    widest_px = max(float(np.linalg.norm(each, 2)) for each in jacobians)
    margin = (
        np.sqrt(2) * (MARGIN_PX + SAFETY_PX) * widest_px
    )  # to the corner of a square, however turned
    reference = [mosaic.frames[number] for number in mosaic.of_band(cutouts.reference_band)]
    turns = [np.abs(orientation(frame.arcsec_per_px)).sum(axis=1).max() for frame in reference]
    return float(2 * (half_arcsec * max(turns) + margin))


def sky_cells(sky_deg: np.ndarray, cell_arcmin: float) -> np.ndarray:
    """Return the name of the cell of each position, (N,) str.

    Cells are strips of declination, cut at equal steps of right ascension that are as wide at the
    equator-ward edge of the strip.
    """
    strip, column, _ = _places(sky_deg, cell_arcmin)
    return np.array([f"cell-{s}-{c}" for s, c in zip(strip, column, strict=True)], str)


def border_distance_arcsec(sky_deg: np.ndarray, cell_arcmin: float) -> np.ndarray:
    """Return the distance (N,) of positions to the nearest border of their cell."""
    return _places(sky_deg, cell_arcmin)[2]


def _places(sky_deg: np.ndarray, cell_arcmin: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the strip, the column, and the distance to the border of each position."""
    size = cell_arcmin / 60
    ra, dec = sky_deg[:, 0] % 360, sky_deg[:, 1]
    strip = np.floor((dec + 90) / size).astype(np.int64)
    low = strip * size - 90
    widest = np.cos(
        np.radians(np.where(low * (low + size) < 0, 0, np.minimum(abs(low), abs(low + size))))
    )
    columns = np.maximum(np.floor(360 * widest / size), 1)  # of a strip
    width = 360 / columns
    column = np.minimum(np.floor(ra / width), columns - 1).astype(np.int64)
    from_ra = np.minimum(ra - column * width, (column + 1) * width - ra) * np.cos(np.radians(dec))
    from_ra = np.where(columns == 1, np.inf, from_ra)
    from_dec = np.minimum(dec - low, low + size - dec)
    return strip, column, 3600 * np.minimum(from_ra, from_dec)
