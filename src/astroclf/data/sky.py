"""Level of the sky in each band of an image."""

from __future__ import annotations

from typing import Literal

import numpy as np

SkyMethod = Literal["none", "border", "sigma_clip"]

SIGMA, ITERATIONS = 3.0, 5  # of clipping: the defaults of astropy.stats.sigma_clipped_stats
BORDER = 0.1  # width of the border, as a fraction of the shorter side
LEAST_BORDER_PX = 2


def sky_levels(picture: np.ndarray, method: SkyMethod) -> np.ndarray:
    """Return the sky level (C,) float32 of a (C, H, W) image; pixels that are not finite are left out.

    Both estimates are the median after clipping at 3 sigma, at most five times: `sigma_clip` of all
    pixels, `border` of the outer tenth of the image on each side. A band without valid pixels has the
    level 0.
    """
    pixels = _border(picture) if method == "border" else picture.reshape(len(picture), -1)
    return np.array([clipped_median(band) for band in pixels], np.float32)


def clipped_median(values: np.ndarray) -> float:
    """Return the sigma-clipped median of the finite values, 0 if there are none."""
    kept = values[np.isfinite(values)].astype(np.float64)
    for _ in range(ITERATIONS):
        if not len(kept):
            break
        inside = np.abs(kept - np.median(kept)) <= SIGMA * kept.std()
        if inside.all():
            break
        kept = kept[inside]
    return float(np.median(kept)) if len(kept) else 0.0


def _border(picture: np.ndarray) -> np.ndarray:
    """Return the pixels of the border of each band, (C, n)."""
    height_px, width_px = picture.shape[1:]
    width = max(LEAST_BORDER_PX, round(BORDER * min(height_px, width_px)))
    is_border = np.ones((height_px, width_px), bool)
    is_border[width : height_px - width, width : width_px - width] = False
    return picture[:, is_border]
