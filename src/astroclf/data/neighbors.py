"""Neighbors on the sky: pairs of images that overlap, and so are not independent."""

from __future__ import annotations

import numpy as np


def find_neighbors(sky_deg: np.ndarray, width_arcsec: float) -> np.ndarray:
    """Return (P, 2) int64: every pair of images that overlap, the smaller index first.

    Images are squares of that width, aligned to north: they overlap if they are closer than the width
    both in declination and in right ascension times the cosine of declination.

    sky_deg: (N, 2) float64, right ascension and declination in degrees.
    """
    from scipy.spatial import cKDTree

    ra, dec = np.radians(sky_deg).T
    points = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
    # Squares overlap at most a diagonal apart; the tree measures chords of that arc.
    diagonal = np.radians(np.sqrt(2) * width_arcsec / 3600)
    pairs = cKDTree(points).query_pairs(2 * np.sin(diagonal / 2), output_type="ndarray")
    pairs = np.sort(pairs.astype(np.int64).reshape(-1, 2), axis=1)
    first, second = sky_deg[pairs[:, 0]], sky_deg[pairs[:, 1]]
    d_ra = (first[:, 0] - second[:, 0] + 180) % 360 - 180
    cos_dec = np.cos(np.radians((first[:, 1] + second[:, 1]) / 2))
    offset_arcsec = 3600 * np.abs(np.stack([d_ra * cos_dec, first[:, 1] - second[:, 1]]))
    return pairs[(offset_arcsec < width_arcsec).all(axis=0)]
