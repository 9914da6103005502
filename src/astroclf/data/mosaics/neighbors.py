"""Neighbors of the object of a stamp: found by segmentation, and replaced by the sky."""

from __future__ import annotations

import numpy as np

from astroclf.errors import UserError

THRESHOLD = 1.5  # sky sigmas
LEAST_PIXELS = 5  # of a source
NEAR_PX = 3.0  # a source so near to the position is the object
MAD_TO_SIGMA = 1.4826


def mask_neighbors(
    image: np.ndarray, levels: np.ndarray, center: tuple[float, float]
) -> np.ndarray:
    """Return a stamp (C, H, W) with every source but the object replaced by the sky.

    levels: (C,) sky of each band. center: pixel (x, y) of the object. Sources are found in the mean of
    the bands in units of their noise, and separated by sep with the defaults of SExtractor.
    """
    labels = segment(detection_image(image, levels))
    is_neighbor = (labels > 0) & (labels != _object_label(labels, center))
    return np.where(is_neighbor, levels[:, None, None], image).astype(np.float32)


def detection_image(image: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return the mean (H, W) of the bands above their sky, each in units of its noise, with unit noise."""
    excess = image - levels[:, None, None]
    flat = excess.reshape(len(excess), -1)
    sigmas = MAD_TO_SIGMA * np.median(np.abs(flat - np.median(flat, axis=1)[:, None]), axis=1)
    noise = np.where(sigmas > 0, sigmas, 1.0)
    stacked = (excess / noise[:, None, None]).sum(axis=0) / np.sqrt(len(image))
    return np.ascontiguousarray(stacked, np.float32)


def segment(detection: np.ndarray) -> np.ndarray:
    """Return the number of the source of each pixel (H, W) int, 0 for the sky."""
    try:
        import sep
    except ImportError as error:
        raise UserError(
            "dataset.mask_neighbors=true needs sep. Run: pip install 'astroclf[fits]'"
        ) from error
    try:
        _, labels = sep.extract(
            detection, THRESHOLD, err=1.0, minarea=LEAST_PIXELS, segmentation_map=True
        )
    except Exception:  # sep has no errors of its own: a full buffer of a crowded stamp
        return np.zeros(detection.shape, np.int32)
    return np.asarray(labels)


def _object_label(labels: np.ndarray, center: tuple[float, float]) -> int:
    """Return the source at the position, or the nearest one close to it; 0 if there is none."""
    y, x = np.indices(labels.shape)
    distance = np.where(labels > 0, np.hypot(x - center[0], y - center[1]), np.inf)
    nearest = np.unravel_index(int(distance.argmin()), distance.shape)
    return int(labels[nearest]) if distance[nearest] <= NEAR_PX else 0
