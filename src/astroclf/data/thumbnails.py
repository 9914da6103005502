"""Thumbnails of stored images for reports: RGB of three bands, or one panel a band."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.lupton import lupton_rgb
from astroclf.data.pixels import Pixels
from astroclf.data.shown_bands import rgb_channels

# Of the Lupton RGB, in units of the noise of the sky: black, and the end of the linear stretch.
BLACK, STRETCH = -1.0, 5.0
SOFTENING = 8.0  # some 500 times the noise is white
NOISE_IMAGES = 100  # of a data set, that the noise is measured on


def make_thumbnails(dataset: ImageDataset, positions: np.ndarray) -> np.ndarray:
    """Return `thumbnails_of` the images at these positions, with the noise of the data set."""
    noise = None
    if dataset.pixels.stretch == "linear":
        sample = np.linspace(0, len(dataset) - 1, min(len(dataset), NOISE_IMAGES)).astype(int)
        noise = sky_noise(np.asarray(dataset.images[np.unique(sample)]))
    return thumbnails_of(np.asarray(dataset.images[positions]), dataset.pixels, noise)


def thumbnails_of(
    images: np.ndarray, pixels: Pixels, noise: np.ndarray | None = None
) -> np.ndarray:
    """Return (n, H, W, 3) uint8 RGB of (n, C, H, W) images as a data set stores them.

    Images made for display are unchanged. Flux is divided by the noise of the sky of each band, (C,),
    that of these images where none is given, and shown as in Lupton et al. 2004. Without three bands,
    or with `pixels.rgb_bands` of (), there is one gray panel a band in a square (see `panel_grid`).
    """
    channels = rgb_channels(pixels)
    values = images
    if pixels.stretch == "linear":
        noise = sky_noise(images) if noise is None else noise
        middle = np.median(images, axis=(2, 3), keepdims=True).astype(np.float32)
        values = (images - middle) / noise[:, None, None].astype(np.float32) - BLACK
    if channels is not None:
        return _stretched(values[:, list(channels) if _is_chosen(pixels) else slice(3)], pixels)
    panels = [np.repeat(values[:, [band]], 3, axis=1) for band in range(values.shape[1])]
    return panel_grid([_stretched(panel, pixels) for panel in panels])


def panel_grid(panels: Sequence[np.ndarray]) -> np.ndarray:
    """Return pictures (n, H, W, ...) of bands side by side, row by row, in the smallest square of panels.

    Panels of the square without a band are 0.
    """
    side = math.ceil(math.sqrt(len(panels)))
    filled = [*panels, *[np.zeros_like(panels[0])] * (side**2 - len(panels))]
    rows = [
        np.concatenate(filled[first : first + side], axis=2) for first in range(0, side**2, side)
    ]
    return np.concatenate(rows, axis=1)


def over_panels(maps: np.ndarray, pixels: Pixels) -> np.ndarray:
    """Return maps (n, h, w) as thumbnails show images: once, or once in the panel of each band."""
    count = 1 if rgb_channels(pixels) is not None else len(pixels.bands)
    return panel_grid([maps] * count)


def sky_noise(images: np.ndarray) -> np.ndarray:
    """Return (C,) the noise of the sky in each band: the median of that of the images (n, C, H, W).

    1.4826 times the median absolute deviation of an image; the standard deviation where that is 0, and
    1 where that is 0 too.
    """
    values = images.astype(np.float32)
    middle = np.median(values, axis=(2, 3), keepdims=True)
    noise = np.median(1.4826 * np.median(np.abs(values - middle), axis=(2, 3)), axis=0)
    spread = values.std(axis=(0, 2, 3))
    return np.where(noise > 0, noise, np.where(spread > 0, spread, 1.0))


def _is_chosen(pixels: Pixels) -> bool:
    """Return whether bands are chosen for red, green and blue, rather than RGB as in the file."""
    return pixels.stretch == "linear" or pixels.rgb_bands is not None or len(pixels.bands) > 3


def _stretched(values: np.ndarray, pixels: Pixels) -> np.ndarray:
    """Return (n, 3, H, W) values as (n, H, W, 3) uint8."""
    if pixels.stretch == "linear":
        shown = lupton_rgb(values, STRETCH, SOFTENING)
    elif values.dtype == np.uint8:
        shown = values
    else:
        shown = np.clip(values / 257, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(shown.transpose(0, 2, 3, 1))
