"""Color composites of simulated flux, as surveys publish them for the eye."""

from __future__ import annotations

import numpy as np

BANDS = ("red", "green", "blue")
SCALES = (1.0, 1.5, 2.5)  # of i, r, g
OFFSET = 0.02  # nmgy per pixel, so that noise around zero is seen
SOFTENING = 20.0  # Q


def color_composite(flux: np.ndarray) -> np.ndarray:
    """Return (3, H, W) uint8 red, green, blue of (3, H, W) flux in g, r, i, nmgy per pixel.

    The arcsinh of the mean intensity, which keeps colors (Lupton et al. 2004, PASP 116, 133), with the
    scales that the viewer of the Legacy Surveys has for SDSS images.
    """
    scaled = flux[::-1] * np.array(SCALES)[:, None, None] + OFFSET
    intensity = np.maximum(np.maximum(scaled, 0).mean(axis=0), 1e-6)
    stretched = np.arcsinh(SOFTENING * intensity) / np.sqrt(SOFTENING)
    colors = scaled * (stretched / intensity)
    return np.rint(colors.clip(0, 1) * 255).astype(np.uint8)
