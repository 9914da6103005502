"""Random catalog columns for checks of a model that takes some."""

from __future__ import annotations

import numpy as np

from astroclf.bundle.bundle import Bundle
from astroclf.models.columns import ColumnEncoder


def random_columns(bundle: Bundle, n_images: int, seed: int) -> np.ndarray:
    """Return (N, F) float32 of the mean and spread of the training images; a tenth is missing."""
    rng = np.random.default_rng(seed)
    encoder = next(
        each for each in bundle.predictor.network.modules() if isinstance(each, ColumnEncoder)
    )
    mean, std = encoder.mean.cpu().numpy(), encoder.std.cpu().numpy()
    columns = rng.normal(mean, std, (n_images, len(mean))).astype(np.float32)
    columns[rng.random(columns.shape) < 0.1] = np.nan
    return columns
