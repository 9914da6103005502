"""Projections: pixel coordinates of a frame or a stamp, and positions on the sky.

Pixels are numbered from 0: the center of the first one is at (0, 0), x along a row.
"""

from __future__ import annotations

import warnings
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from astroclf.data.formats import BadImage
from astroclf.errors import one_line

ROUND_TRIP_PX = 0.01  # largest error of pixel -> sky -> pixel


class Projection(Protocol):
    """Both directions between pixels and the sky; arrays of any shape, degrees."""

    def sky(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return right ascension and declination."""

    def pixel(self, ra: ArrayLike, dec: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y; NaN where there is none."""


class FrameProjection:
    """The celestial WCS of a FITS header, distortions included."""

    def __init__(self, header: Any, shape: tuple[int, int]) -> None:
        """Raise BadImage for a header without a celestial WCS, or with one that has no inverse."""
        self.wcs = _celestial(header)
        self._require_inverse(shape)

    def sky(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        ra, dec = self.wcs.all_pix2world(x, y, 0)
        return np.asarray(ra), np.asarray(dec)

    def pixel(self, ra: ArrayLike, dec: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            x, y = self.wcs.all_world2pix(ra, dec, 0, quiet=True)
        return np.asarray(x), np.asarray(y)

    def _require_inverse(self, shape: tuple[int, int]) -> None:
        height_px, width_px = shape
        x = np.array([0, width_px - 1, 0, width_px - 1, (width_px - 1) / 2], np.float64)
        y = np.array([0, 0, height_px - 1, height_px - 1, (height_px - 1) / 2], np.float64)
        try:
            back = np.stack(self.pixel(*self.sky(x, y)))
        except Exception as error:  # of wcslib, which has many of its own
            raise BadImage(f"a WCS without inverse ({one_line(error, 80)})") from error
        off = np.abs(back - np.stack([x, y])).max()
        if not off <= ROUND_TRIP_PX:  # NaN too
            raise BadImage(
                "a WCS without inverse: its corners come back at other pixels than they started from"
            )


class TangentProjection:
    """Gnomonic (TAN) projection around a position.

    center: pixel (x, y) of the position. arcsec_per_px: (2, 2), from pixels to arcsec toward east
    and north.
    """

    def __init__(
        self, ra: float, dec: float, center: tuple[float, float], arcsec_per_px: np.ndarray
    ) -> None:
        self.ra, self.dec, self.center, self.arcsec_per_px = ra, dec, center, arcsec_per_px

    def sky(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        offset = np.stack([np.subtract(x, self.center[0]), np.subtract(y, self.center[1])])
        east, north = np.tensordot(self.arcsec_per_px, offset, 1)
        return tangent_to_sky(self.ra, self.dec, east, north)

    def pixel(self, ra: ArrayLike, dec: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        offset = np.stack(sky_to_tangent(self.ra, self.dec, ra, dec))
        x, y = np.tensordot(np.linalg.inv(self.arcsec_per_px), offset, 1)
        return x + self.center[0], y + self.center[1]


def sky_to_tangent(
    ra0: float, dec0: float, ra: ArrayLike, dec: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Return offsets (arcsec) toward east and north on the plane that is tangent at (ra0, dec0)."""
    a, d = np.radians(np.subtract(ra, ra0)), np.radians(dec)
    d0 = np.radians(dec0)
    depth = np.sin(d) * np.sin(d0) + np.cos(d) * np.cos(d0) * np.cos(a)
    with np.errstate(divide="ignore", invalid="ignore"):
        east = np.cos(d) * np.sin(a) / depth
        north = (np.sin(d) * np.cos(d0) - np.cos(d) * np.sin(d0) * np.cos(a)) / depth
    behind = depth <= 0
    east, north = np.where(behind, np.nan, east), np.where(behind, np.nan, north)
    return np.degrees(east) * 3600, np.degrees(north) * 3600


def tangent_to_sky(
    ra0: float, dec0: float, east_arcsec: np.ndarray, north_arcsec: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the position of offsets on the plane that is tangent at (ra0, dec0), in degrees."""
    east, north = np.radians(east_arcsec / 3600), np.radians(north_arcsec / 3600)
    d0 = np.radians(dec0)
    depth = np.cos(d0) - north * np.sin(d0)
    ra = ra0 + np.degrees(np.arctan2(east, depth))
    dec = np.degrees(np.arctan2(np.sin(d0) + north * np.cos(d0), np.hypot(east, depth)))
    return ra % 360, dec


def arcsec_per_pixel(projection: Projection, x: float, y: float) -> np.ndarray:
    """Return the Jacobian (2, 2) at a pixel: arcsec toward east and north for a step in x and in y."""
    step = np.array([[0.5, -0.5, 0, 0], [0, 0, 0.5, -0.5]])
    ra0, dec0 = (float(each) for each in projection.sky(x, y))
    ra, dec = projection.sky(x + step[0], y + step[1])
    offset = np.stack(sky_to_tangent(ra0, dec0, ra, dec))
    return np.stack([offset[:, 0] - offset[:, 1], offset[:, 2] - offset[:, 3]], axis=1)


def pixel_scale(jacobian: np.ndarray) -> float:
    """Return the width (arcsec) of a square with the area of a pixel."""
    return float(np.sqrt(abs(np.linalg.det(jacobian))))


def _celestial(header: Any) -> Any:
    try:
        from astropy.wcs import WCS
    except ImportError as error:
        raise BadImage(
            "a WCS, for which astropy is needed: pip install 'astroclf[fits]'"
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of deprecated cards
            wcs = WCS(header).celestial
    except Exception as error:  # a ValueError, or one of wcslib
        raise BadImage(f"a WCS that cannot be used ({one_line(error, 80)})") from error
    if not wcs.has_celestial:
        raise BadImage("no WCS, by which positions on the sky are found")
    if _is_singular(header):  # astropy replaces a matrix of zeros
        raise BadImage("a WCS without inverse: its CD matrix is singular")
    return wcs


def _is_singular(header: Any) -> bool:
    matrix = [float(header.get(f"CD{i}_{j}", 0)) for i in (1, 2) for j in (1, 2)]
    stated = any(f"CD{i}_{j}" in header for i in (1, 2) for j in (1, 2))
    return stated and matrix[0] * matrix[3] == matrix[1] * matrix[2]
