"""Heat maps over images."""

from __future__ import annotations

import numpy as np

STRENGTH = 0.65  # of the heat map over the image


def overlay(image: np.ndarray, evidence: np.ndarray) -> np.ndarray:
    """Return an image (H, W, 3) uint8 in gray under evidence (h, w) in 0-1, enlarged to its size.

    Evidence of 0 leaves the gray image.
    """
    import matplotlib as mpl
    from PIL import Image

    height, width = image.shape[:2]
    heat = Image.fromarray(np.ascontiguousarray(evidence, np.float32))
    large = np.asarray(heat.resize((width, height), Image.Resampling.BILINEAR)).clip(0, 1)
    color = mpl.colormaps["inferno"](large)[..., :3]
    gray = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2) / 255
    alpha = STRENGTH * large[..., None] ** 0.5
    return np.rint(255 * ((1 - alpha) * gray + alpha * color)).astype(np.uint8)
