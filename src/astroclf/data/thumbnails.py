"""RGB thumbnails of stored images, for reports."""

from __future__ import annotations

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.pixels import Stretch

# Flux, in units of the noise of the image, at which the asinh stretch turns from linear to logarithmic.
BEND = 3.0


def make_thumbnails(dataset: ImageDataset, positions: np.ndarray) -> np.ndarray:
    """Return `thumbnails_of` the images at these positions."""
    return thumbnails_of(np.asarray(dataset.images[positions]), dataset.pixels.stretch)


def thumbnails_of(images: np.ndarray, stretch: Stretch) -> np.ndarray:
    """Return (n, H, W, 3) uint8 RGB of (n, C, H, W) images as a data set stores them.

    Images made for display are unchanged. Flux gets an asinh stretch that ends at the brightest pixel
    of each image. Several bands of flux are assumed to be in order of wavelength, so that the last
    three become blue, green and red; one band is shown in gray.
    """
    if stretch == "linear":
        shown = _stretched(images.astype(np.float32))[:, -3:][:, ::-1]
    elif images.dtype == np.uint8:
        shown = images[:, :3]
    else:
        shown = np.clip(images[:, :3] / 257, 0, 255)
    if shown.shape[1] < 3:
        shown = np.repeat(shown[:, :1], 3, axis=1)
    return np.ascontiguousarray(shown.transpose(0, 2, 3, 1)).astype(np.uint8)


def _stretched(flux: np.ndarray) -> np.ndarray:
    """Return flux as 0-255, scaled by the noise and the peak of each image."""
    axes = (1, 2, 3)
    middle = np.median(flux, axis=axes, keepdims=True)
    noise = 1.4826 * np.median(np.abs(flux - middle), axis=axes, keepdims=True)
    above = (flux - middle) / np.maximum(noise, 1e-12) / BEND
    peak = np.maximum(above.max(axis=axes, keepdims=True), 1)
    return np.clip(np.arcsinh(above + 0.3) / np.arcsinh(peak + 0.3), 0, 1) * 255
