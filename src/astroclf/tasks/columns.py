"""Columns of the user's catalog, and the accuracy along them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.evaluation.metadata import read_metadata
from astroclf.evaluation.metrics.bins import BinnedAccuracy, accuracy_in_bins, bin_edges
from astroclf.inference.predictor import Outputs
from astroclf.settings import Settings
from astroclf.tasks.scores import Scoring, resampling_of


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


def bin_split(
    scoring: Scoring,
    split: str,
    outputs: Outputs,
    columns: Mapping[str, np.ndarray],
    splits: Sequence[str],
) -> tuple[BinnedAccuracy, ...]:
    """Return the accuracy along each column, in bins that all the splits have in common."""
    dataset, bins = scoring.dataset, scoring.settings.evaluation.bins
    positions, evaluated = dataset.indices(split), np.isin(dataset.split, splits)
    correct = scoring.labels(scoring.probabilities(outputs)) == dataset.targets[positions]
    resampling = resampling_of(scoring.settings, dataset, positions)
    return tuple(
        accuracy_in_bins(
            column, values[positions], correct, bin_edges(values[evaluated], bins), resampling
        )
        for column, values in columns.items()
    )
