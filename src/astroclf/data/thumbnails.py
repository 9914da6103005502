"""Pictures of stored images, for people."""

from __future__ import annotations

import numpy as np

from astroclf.data.dataset import ImageDataset

# Flux in units of the image's noise that is shown in the middle of the asinh's bend.
BEND = 3.0


def make_thumbnails(dataset: ImageDataset, positions: np.ndarray) -> np.ndarray:
    """(n, H, W, 3) uint8 RGB of the images at these positions.

    Images made for display are shown as they are. Flux is shown with an asinh stretch that ends at
    the brightest pixel of each image. More than one band of flux are taken to stand in order of
    wavelength, so the last three become red, green and blue; one band is shown in gray.
    """
    images = np.asarray(dataset.images[positions])
    if dataset.pixels.stretch == "linear":
        shown = _stretched(images.astype(np.float32))[:, -3:][:, ::-1]
    elif images.dtype == np.uint8:
        shown = images[:, :3]
    else:
        shown = np.clip(images[:, :3] / 257, 0, 255)
    if shown.shape[1] < 3:
        shown = np.repeat(shown[:, :1], 3, axis=1)
    return np.ascontiguousarray(shown.transpose(0, 2, 3, 1)).astype(np.uint8)


def _stretched(flux: np.ndarray) -> np.ndarray:
    """Flux as 0-255, each image by its own noise and its own peak."""
    axes = (1, 2, 3)
    middle = np.median(flux, axis=axes, keepdims=True)
    noise = 1.4826 * np.median(np.abs(flux - middle), axis=axes, keepdims=True)
    above = (flux - middle) / np.maximum(noise, 1e-12) / BEND
    peak = np.maximum(above.max(axis=axes, keepdims=True), 1)
    return np.clip(np.arcsinh(above + 0.3) / np.arcsinh(peak + 0.3), 0, 1) * 255
