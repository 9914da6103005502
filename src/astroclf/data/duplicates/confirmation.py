"""Confirmation of near-duplicates: correlation of fingerprints, judged by their own noise."""

from __future__ import annotations

import numpy as np

from astroclf.data.duplicates.fingerprints import (
    CONTRAST_SIGMA,
    gaussian,
    orientations,
    unit_norm,
)

LEAST_CORRELATION = 0.6
LEAST_SIGNIFICANCE = 8.0  # in sigma: chance reaches it once in 10^15 pairs
FEWEST_PIXELS = 48.0  # independent ones


def confirm(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return (P,) bool: pairs of fingerprints of one picture, in the best of eight orientations.

    first, second: (P, S, S), of `without_round_light`: independent bright stars share halo and
    diffraction spikes. Their correlation must exceed 0.6. It must also be significant: Fisher's
    transformation of it has a standard deviation of 1 / sqrt(n - 3) for n independent pixels, and it
    must exceed 8 of these. Smooth pictures without noise have too few independent pixels.
    """
    views = orientations(second)
    correlations = np.einsum("pij,vpij->vp", first, views)
    best, correlation = correlations.argmax(axis=0), correlations.max(axis=0)
    is_one_picture = correlation > LEAST_CORRELATION
    alike = np.flatnonzero(is_one_picture)
    if len(alike):
        pixels = independent_pixels(first[alike], views[best[alike], alike])
        fisher = np.arctanh(correlation[alike].clip(0, 1 - 1e-7))
        is_significant = fisher * np.sqrt(np.maximum(pixels - 3, 0)) > LEAST_SIGNIFICANCE
        is_one_picture[alike] = is_significant & (pixels > FEWEST_PIXELS)
    return is_one_picture


def without_round_light(fingerprints: np.ndarray) -> np.ndarray:
    """Return (P, S, S) with norm 1: fingerprints minus their mean over the eight orientations."""
    return unit_norm(fingerprints - orientations(fingerprints).mean(axis=0))


def independent_pixels(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return (P,): the number of independent pixels behind the correlation of two fields of norm 1.

    1 / n is the variance of the correlation of independent fields: the sum over shifts of the product of
    their autocorrelations (Bartlett 1935), times the overlap of their local variances.
    """
    correlated = np.sum(_autocorrelation(first) * _autocorrelation(second), axis=(1, 2))
    blur = gaussian(first.shape[1], CONTRAST_SIGMA)
    overlap = np.sum((blur @ first**2 @ blur.T) * (blur @ second**2 @ blur.T), axis=(1, 2))
    return 1 / np.maximum(correlated * overlap, np.finfo(np.float32).tiny)


def _autocorrelation(fields: np.ndarray) -> np.ndarray:
    """Return (P, L, L): the autocorrelation of fields (P, S, S) of norm 1, for shifts up to a quarter
    of their width. That of larger shifts is chance."""
    width = 2 * fields.shape[1]
    power = np.abs(np.fft.rfft2(fields, s=(width, width))) ** 2
    reach = np.arange(-(fields.shape[1] // 4), fields.shape[1] // 4 + 1)
    return np.fft.irfft2(power, s=(width, width))[:, reach[:, None], reach]
