"""Statistics of single images: sky, noise, and the flux, size and colors of the central object.

All are of linear flux: values stretched for display are brought back by `data.stretch`. The sky is
the border of an image, of a width of an eighth of it:

- background: median of the border; noise: 1.4826 times its median absolute deviation.
- flux: sum of the sky-subtracted flux within the largest circle inside the border.
- half_light_radius_px: radius of the circle about the centroid with half of that flux.
- signal_to_noise: flux / 2 over the noise of that circle, noise sqrt(pi) half_light_radius_px.
- colors: -2.5 log10 of the ratio of the flux in neighboring bands.

The flux of all but the colors is the mean over the bands. The centroid is weighted by a Gaussian of
an eighth of the width, as SExtractor's windowed positions are. The half-light radius of a star is
that of the PSF: 0.5 FWHM for a Gaussian. Objects that reach the border have their sky
overestimated, and neighbors inside the circle count as the object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.pixels import Pixels
from astroclf.status import status

SAMPLE = 1_000  # images that describe a data set well enough
BORDER = 8  # fraction of the width: one part in so many
RINGS = 8  # of the curve of growth, in a pixel
CENTERINGS = 4
CHUNK = 64  # images measured at a time
SCALAR_NAMES = ("flux", "half_light_radius_px", "signal_to_noise", "background", "noise")


@dataclass(frozen=True, eq=False)
class ImageStatistics:
    """Statistics of N images, (N,) float64 each; NaN where an image has no positive flux.

    values: name -> statistic, those of `SCALAR_NAMES` and the colors, such as `g - r`.
    """

    values: Mapping[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[name]


def sample_positions(positions: np.ndarray, n: int = SAMPLE, seed: int = 0) -> np.ndarray:
    """Return at most n of the positions, drawn without replacement, ascending."""
    if len(positions) <= n:
        return positions
    return np.sort(np.random.default_rng(seed).choice(positions, n, replace=False))


@status("measuring the images")
def image_statistics(dataset: ImageDataset, positions: np.ndarray) -> ImageStatistics:
    """Return the statistics of the images at these positions."""
    parts = [
        measure(np.asarray(dataset.images[positions[start : start + CHUNK]]), dataset.pixels).values
        for start in range(0, len(positions), CHUNK)
    ]
    names = parts[0] if parts else ()
    return ImageStatistics({name: np.concatenate([part[name] for part in parts]) for name in names})


def measure(images: np.ndarray, pixels: Pixels) -> ImageStatistics:
    """Return the statistics of (N, C, H, W) images as a data set stores them."""
    flux = _linear_flux(images, pixels)
    side = flux.shape[-1]
    border = max(1, side // BORDER)
    sky = np.ones((side, side), bool)
    sky[border : side - border, border : side - border] = side <= 2 * border
    backgrounds = np.median(flux[:, :, sky], axis=2)  # (N, C)
    objects = flux - backgrounds[:, :, None, None]
    total = objects.mean(axis=1)
    background = backgrounds.mean(axis=1)
    noise = 1.4826 * np.median(np.abs(total[:, sky]), axis=1)
    centers = _centroids(total)
    reach = max(1.0, side / 2 - border)
    sums = np.array([_flux_inside(*pair, reach) for pair in zip(objects, centers, strict=True)])
    radii = np.array(
        [_half_light_radius(*pair, reach) for pair in zip(total, centers, strict=True)]
    )
    brightness = sums.mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        signal_to_noise = brightness / 2 / (noise * np.sqrt(np.pi) * radii)
        magnitudes = np.where(sums > 0, -2.5 * np.log10(sums), np.nan)
    signal_to_noise[~np.isfinite(signal_to_noise)] = np.nan
    scalars = (brightness, radii, signal_to_noise, background, noise)
    colors = {
        f"{first} - {second}": magnitudes[:, k] - magnitudes[:, k + 1]
        for k, (first, second) in enumerate(zip(pixels.bands, pixels.bands[1:], strict=False))
    }
    return ImageStatistics({**dict(zip(SCALAR_NAMES, scalars, strict=True)), **colors})


def _linear_flux(images: np.ndarray, pixels: Pixels) -> np.ndarray:
    """Return (N, C, H, W) float64 linear flux; display values are scaled to 0-1 first."""
    if pixels.stretch == "linear":
        return images.astype(np.float64)
    import torch

    from astroclf.data.stretch import to_flux

    if images.dtype == np.uint8:
        values = torch.arange(256, dtype=torch.float64) / 255
        return to_flux(values, pixels.stretch).numpy()[images]
    return to_flux(torch.from_numpy(images / 65535.0), pixels.stretch).numpy()


def _centroids(total: np.ndarray) -> np.ndarray:
    """Return (N, 2) windowed centroids (y, x) of (N, H, W) flux, in pixels."""
    side = total.shape[-1]
    grid = np.arange(side, dtype=np.float64)
    middle, width = (side - 1) / 2, side / BORDER
    bright = np.maximum(total, 0)
    centers = np.full((len(total), 2), middle)
    for _ in range(CENTERINGS):
        windows = np.exp(-0.5 * ((grid - centers[:, :, None]) / width) ** 2)  # (N, 2, side)
        weighted = bright * windows[:, 0, :, None] * windows[:, 1, None, :]
        sums = np.maximum(weighted.sum(axis=(1, 2)), 1e-300)
        rows, columns = weighted.sum(axis=2) @ grid, weighted.sum(axis=1) @ grid
        found = np.stack([rows, columns], axis=1) / sums[:, None]
        has_flux = (sums > 1e-300)[:, None]
        centers = np.where(has_flux, found.clip(middle - width, middle + width), middle)
    return centers


def _distances(side: int, center: np.ndarray) -> np.ndarray:
    grid = np.arange(side)
    return np.hypot(grid[:, None] - center[0], grid[None, :] - center[1])


def _flux_inside(bands: np.ndarray, center: np.ndarray, reach: float) -> np.ndarray:
    """Return (C,) flux of (C, H, W) within a radius; pixels on its edge count in part."""
    inside = (reach - _distances(bands.shape[-1], center) + 0.5).clip(0, 1)
    return np.tensordot(bands, inside, axes=2)


def _half_light_radius(total: np.ndarray, center: np.ndarray, reach: float) -> float:
    """Return the radius in pixels with half of the flux of (H, W) within `reach`; NaN without flux.

    The flux of a pixel is spread over one pixel of radius, folded at 0.
    """
    distances = _distances(len(total), center).ravel()
    near = distances < reach + 0.5
    ring = (distances[near] * RINGS).astype(np.int64)
    n_rings = int((reach + 1) * RINGS) + 1
    rings = np.bincount(ring, weights=total.ravel()[near], minlength=n_rings)
    weights = np.r_[0.5, np.ones(RINGS - 1), 0.5] / RINGS
    half = RINGS // 2
    spread = np.convolve(rings, weights)
    inner, outer = spread[:half][::-1], spread[half:].copy()
    outer[:half] += inner
    growth = np.concatenate([[0.0], np.cumsum(outer)])[: int(reach * RINGS) + 1]
    if not growth[-1] > 0:
        return float("nan")
    after = int(np.argmax(growth >= growth[-1] / 2))
    before = growth[after - 1]
    share = (growth[-1] / 2 - before) / (growth[after] - before)
    return (after - 1 + share) / RINGS
