"""Fingerprints of images: noise and fine structure, which copies share and independent images do not.

Two stars look alike in their profiles but not in the noise of their pixels. A fingerprint therefore
holds no smooth light, and no pixel of it counts more than a few others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

GRID_PX = 32  # width of a fingerprint
SMALLEST_PX = 16  # narrower images have too few pixels to be distinguished
HIGH_PASS_SIGMA, CONTRAST_SIGMA = 2.0, 3.0  # widths of Gaussians, pixels of the grid
LARGEST_CONTRAST = 3.0  # larger values are clipped
MEDIAN_SQUARE = 0.455  # of a normal variable
ROUNDING_RMS = 12**-0.5  # of integers
FLOAT_ERROR = 1e-5  # of sums of float32, relative to the largest value


@dataclass(frozen=True)
class Fingerprinter:
    """Fingerprints of the images of one data set.

    weights: (C,) of the bands in their mean, so that every band has the same noise.
    rounding: rms of the rounding of the values of the mean; 0 for floats.
    """

    weights: np.ndarray
    rounding: float

    @classmethod
    def of(cls, sample: np.ndarray) -> Fingerprinter:
        """Return the fingerprinter of a data set from (n, C, H, W) of its images."""
        noise = np.array([_band_noise(sample[:, band]) for band in range(sample.shape[1])])
        weights = 1 / np.where(noise > 0, noise, np.inf)
        if not weights.any():  # images without noise
            weights = np.ones(len(noise))
        weights = weights / weights.sum()
        is_integer = np.issubdtype(sample.dtype, np.integer)
        return cls(weights, ROUNDING_RMS * float(np.sqrt(np.sum(weights**2))) * is_integer)

    def fingerprints(self, images: np.ndarray) -> np.ndarray:
        """Return (n, S, S) float32 with mean 0 and norm 1, or all 0 for an image of one value.

        images: (n, C, px, px). S: 32 at most. The mean of the bands is averaged onto the grid, loses its
        light smoother than 2 pixels, and is divided by the rms of what is left within 3 pixels.
        """
        px = images.shape[-1]
        grid = min(px, GRID_PX)
        mean = np.zeros((len(images), *images.shape[2:]), np.float32)
        for band, weight in enumerate(self.weights):
            mean += np.float32(weight) * images[:, band]
        coarse = _on_both_axes(area_average(px, grid), mean)
        high = coarse - _on_both_axes(gaussian(grid, HIGH_PASS_SIGMA), coarse)
        rms = np.sqrt(_on_both_axes(gaussian(grid, CONTRAST_SIGMA), high**2))
        contrast = high / np.maximum(rms, self._least_rms(coarse, high, grid / px))
        contrast = contrast.clip(-LARGEST_CONTRAST, LARGEST_CONTRAST)
        is_flat = _largest(high) <= FLOAT_ERROR * _largest(coarse)
        return unit_norm(np.where(is_flat, 0, contrast - contrast.mean(axis=(1, 2), keepdims=True)))

    def _least_rms(self, coarse: np.ndarray, high: np.ndarray, scale: float) -> np.ndarray:
        """Return (n, 1, 1): half the noise of the image, or the rms of the rounding if that is more.

        Where less than that is left, there is nothing to be compared.
        """
        noise = np.sqrt(np.median(high**2, axis=(1, 2), keepdims=True) / MEDIAN_SQUARE)
        rounding = np.maximum(self.rounding * scale, FLOAT_ERROR * _largest(coarse))
        smallest = np.finfo(np.float32).tiny
        return np.maximum(np.maximum(noise / 2, rounding), smallest).astype(np.float32)


def _largest(images: np.ndarray) -> np.ndarray:
    """Return (n, 1, 1): the largest absolute value of each image."""
    largest: np.ndarray = np.abs(images).max(axis=(1, 2), keepdims=True)
    return largest


def orientations(images: np.ndarray) -> np.ndarray:
    """Return (8, n, S, S): the images (n, S, S) under the eight symmetries of the square."""
    mirrored = (images, images[:, :, ::-1])
    return np.stack([np.rot90(each, turn, (1, 2)) for each in mirrored for turn in range(4)])


def symmetric_part(fingerprints: np.ndarray) -> np.ndarray:
    """Return (n, K) float32 with norm 1: the mean over the eight orientations, in which all copies agree.

    K: pixels of one eighth of the square, S (S + 2) / 8 for even S.
    """
    mean = orientations(fingerprints).mean(axis=0)
    half = -(-fingerprints.shape[1] // 2)
    rows, columns = np.triu_indices(half)
    # A pixel of the diagonal or of the middle stands for fewer than eight.
    return unit_norm(mean[:, rows, columns] * np.sqrt(_multiplicity(fingerprints.shape[1])))


def unit_norm(values: np.ndarray) -> np.ndarray:
    """Return values (n, ...) with norm 1 over all axes but the first; zeros stay zeros."""
    axes = tuple(range(1, values.ndim))
    norm = np.sqrt(np.sum(values**2, axis=axes, keepdims=True))
    scaled: np.ndarray = values / np.where(norm > 0, norm, 1)
    return scaled


@cache
def _multiplicity(width: int) -> np.ndarray:
    """Return (K,) the number of pixels of each orbit under the eight symmetries."""
    position = np.arange(width)
    folded = np.minimum(position, width - 1 - position)
    low, high = np.sort(np.stack(np.meshgrid(folded, folded)), axis=0)
    half = -(-width // 2)
    counts = np.zeros((half, half), int)
    np.add.at(counts, (low.ravel(), high.ravel()), 1)
    counted: np.ndarray = counts[np.triu_indices(half)].astype(np.float32)
    return counted


@cache
def area_average(px: int, grid: int) -> np.ndarray:
    """Return (grid, px) float32: the overlap of each wide pixel with the narrow ones, rows summing to 1."""
    edges = np.linspace(0, px, grid + 1)
    left, right = edges[:-1, None], edges[1:, None]
    narrow = np.arange(px)
    overlap = np.minimum(right, narrow + 1) - np.maximum(left, narrow)
    averages: np.ndarray = (overlap.clip(0) * grid / px).astype(np.float32)
    return averages


@cache
def gaussian(width: int, sigma: float) -> np.ndarray:
    """Return (width, width) float32: convolution with a Gaussian, mirrored at the edges."""
    reach = min(int(np.ceil(4 * sigma)), width - 1)
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel /= kernel.sum()
    source = np.abs(np.arange(width)[:, None] + offsets)
    source = np.where(source >= width, 2 * (width - 1) - source, source)
    matrix = np.zeros((width, width))
    np.add.at(matrix, (np.arange(width)[:, None], source), kernel)
    return matrix.astype(np.float32)


def _on_both_axes(matrix: np.ndarray, images: np.ndarray) -> np.ndarray:
    applied: np.ndarray = matrix @ images @ matrix.T
    return applied


def _band_noise(images: np.ndarray) -> float:
    """Return a robust rms of the differences of neighboring pixels of one band."""
    difference = np.diff(images.astype(np.float32), axis=-1)
    return float(np.sqrt(np.median(difference**2) / MEDIAN_SQUARE / 2))
