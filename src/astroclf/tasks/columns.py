"""Columns of the user's metadata, along which accuracy is reported."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.evaluation.metadata import read_metadata
from astroclf.settings import Settings


def catalog_values(settings: Settings, dataset: ImageDataset) -> dict[str, np.ndarray]:
    """Column of `evaluation.bin_columns` -> (N,) its value for each image, NaN where there is none.

    Raises UserError as `metadata.read_metadata`.
    """
    evaluation = settings.evaluation
    if not (evaluation.bin_columns and evaluation.metadata and evaluation.metadata_id):
        return {}
    return read_metadata(
        evaluation.bin_columns,
        catalog=Path(evaluation.metadata),
        id_column=evaluation.metadata_id,
        ids=dataset.ids,
    )
