"""Pixel grid of an image on the sky, by the cards of its world coordinate system (WCS)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Value = str | int | float

CARDS = re.compile(
    r"WCSAXES|RADESYS|EQUINOX|LONPOLE|LATPOLE|(CTYPE|CUNIT|CRPIX|CRVAL|CDELT|CROTA)[12]"
    r"|(CD|PC)[12]_[12]|PV[12]_\d+"
)
SIP = re.compile(r"[AB]P?_(ORDER|\d_\d)")


@dataclass(frozen=True)
class PixelGrid:
    """Cards of a celestial WCS of two axes, as (keyword, value)."""

    cards: tuple[tuple[str, Value], ...]

    @classmethod
    def of_header(cls, header: Mapping[str, Any]) -> PixelGrid | None:
        """Return the grid that a FITS header states, or None if it states none."""
        if not all(f"{key}{axis}" in header for key in ("CTYPE", "CRVAL") for axis in (1, 2)):
            return None
        # Drizzled images often keep the coefficients of a distortion that was removed.
        is_distorted = str(header["CTYPE1"]).endswith("-SIP")
        keys = (
            key for key in header if CARDS.fullmatch(key) or (is_distorted and SIP.fullmatch(key))
        )
        return cls(tuple((key, header[key]) for key in keys))

    def pixel_of(self, ra_deg: float, dec_deg: float) -> tuple[float, float]:
        """Return x and y of a position, from 0 and with rows as numbered in the file; NaN without one."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of astropy, about cards that it repairs
            try:
                x, y = _wcs(self).all_world2pix(ra_deg, dec_deg, 0)
            except Exception:  # astropy raises many kinds for a WCS without inverse
                return float("nan"), float("nan")
        return float(x), float(y)

    @property
    def scale_arcsec(self) -> float:
        """Width of a pixel at the reference position, the mean of both axes."""
        from astropy.wcs.utils import proj_plane_pixel_scales

        return float(np.mean(proj_plane_pixel_scales(_wcs(self)))) * 3600

    def offset_px(self, other: PixelGrid, width_px: int, height_px: int) -> float:
        """Return the largest distance of the corners of an image under the two grids, in pixels.

        Infinite where a corner of one grid has no position in the other one.
        """
        if self.cards == other.cards:  # without astropy.wcs, which takes a millisecond a file
            return 0.0
        x = np.array([0, width_px - 1, 0, width_px - 1], float)
        y = np.array([0, 0, height_px - 1, height_px - 1], float)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of astropy, about cards that it repairs
            try:
                there_x, there_y = _wcs(other).world_to_pixel(_wcs(self).pixel_to_world(x, y))
            except Exception:  # astropy raises many kinds for a WCS without inverse
                return float("inf")
        distances = np.hypot(there_x - x, there_y - y)
        return float(distances.max()) if np.isfinite(distances).all() else float("inf")


def _wcs(grid: PixelGrid) -> Any:
    from astropy.io import fits
    from astropy.wcs import WCS

    return WCS(fits.Header(grid.cards))
