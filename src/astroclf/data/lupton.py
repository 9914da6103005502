"""Color images of flux in three bands (Lupton et al. 2004, PASP 116, 133)."""

from __future__ import annotations

import numpy as np

FRACTION = 0.1  # of `stretch`, at which the curve is that of a linear stretch


def lupton_rgb(flux: np.ndarray, stretch: float, q: float) -> np.ndarray:
    """Return (n, 3, H, W) uint8 of flux (n, 3, H, W) in red, green and blue above black.

    The mean of the bands is compressed by asinh, and the ratio of the bands, which is the color, is
    preserved; pixels beyond the range are scaled as a whole. stretch: range of the linear part. q:
    softening; larger ones show brighter flux. Equal to `astropy.visualization.make_lupton_rgb`.
    """
    intensity = flux.mean(axis=1, keepdims=True)
    slope = FRACTION / np.arcsinh(FRACTION * q)
    above = np.where(intensity > 0, intensity, 1)
    compressed = np.where(intensity > 0, np.arcsinh(above * q / stretch) * slope / above, 0)
    scaled = (flux * compressed).clip(min=0)
    within = scaled / scaled.max(axis=1, keepdims=True).clip(min=1)
    return (255 * within).astype(np.uint8)
