"""Meaning of the values in the images of a data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Stretch = Literal["linear", "asinh", "srgb"]


@dataclass(frozen=True)
class Pixels:
    """Bands, pixel scale and stretch of the images of a data set.

    bands: one name per channel, in the order of the channels.
    pixel_scale_arcsec: the width of one pixel of `images` on the sky, or None if unknown.
    stretch: how stored values encode flux (see `data.stretch`): `linear` values are flux, `asinh`
        and `srgb` values have been stretched for display and are in 0-255.
    rgb_bands: the bands that pictures show as red, green and blue; None chooses them, and () is one
        panel a band.
    """

    bands: tuple[str, ...]
    pixel_scale_arcsec: float | None
    stretch: Stretch
    rgb_bands: tuple[str, ...] | None = None
