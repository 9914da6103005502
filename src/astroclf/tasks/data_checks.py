"""Checks of a data set before training: description, tables of the run folder, and warnings."""

from __future__ import annotations

import logging
from collections import Counter
from functools import partial

import numpy as np

from astroclf.data.audit.leaks import find_leaks, leak_warning, write_leaks
from astroclf.data.class_counts import class_table, small_class_warnings
from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.data.invalid_pixels import invalid_pixels_warning, write_invalid_pixels
from astroclf.data.splits import write_split
from astroclf.errors import UserError, counted, listed
from astroclf.evaluation.decisions.threshold_search import read_objective
from astroclf.evaluation.metadata import metadata_values
from astroclf.files import write_csv
from astroclf.runs.folder import RunFolder
from astroclf.settings import Settings
from astroclf.settings.metrics import CLASSES, VOTES
from astroclf.status import status
from astroclf.tasks.run import Run

log = logging.getLogger(__name__)
PLACEHOLDERS = (-99, -999, -9999)  # of missing values in catalogs
NOUNS = {CLASSES: "classes", VOTES: "answers"}


def check_data(run: Run, dataset: ImageDataset) -> list[str]:
    """Log a description of the data set, write its tables, and return the warnings about it.

    The trials of a search are described once. Raise UserError for settings of the evaluation that do
    not fit the data, which would otherwise fail after the training.
    """
    check = partial(_check_data, run.settings, dataset, run.folder)
    if run.is_resumable:
        return check()
    return run.cache.get_or_create("warnings", dataset.fingerprint, check)


@status("checking the data")
def _check_data(settings: Settings, dataset: ImageDataset, folder: RunFolder) -> list[str]:
    log.info(describe(settings.dataset.name, dataset))
    if dataset.exclusive_classes:
        log.info(class_table(dataset))
    write_tables(dataset, folder)
    require_no_leaks(settings, dataset)
    warnings = data_warnings(settings, dataset)
    for warning in warnings:
        log.warning(warning)
    # A wrong column is refused before the training.
    metadata_values(settings.evaluation, dataset.ids)
    if settings.evaluation.threshold != "none" and dataset.exclusive_classes:
        read_objective(settings.evaluation.threshold, len(dataset.classes))
    return warnings


def describe(name: str, dataset: ImageDataset) -> str:
    """Return one line: number and shape of the images, sizes of the splits, and classes."""
    bands, side = dataset.channels, dataset.image_px
    parts = listed(f"{split} {len(dataset.indices(split)):,}" for split in dataset.split_names)
    shown = ", ".join(dataset.classes[:6]) + (", ..." if len(dataset.classes) > 6 else "")
    positive = f", positive: {dataset.positive_class}" if dataset.positive_class else ""
    return (
        f"{name}: {len(dataset):,} images of {bands} x {side} x {side} px; {parts}; "
        f"{len(dataset.classes)} {NOUNS[dataset.target_kind]} ({shown})" + positive
    )


def write_tables(dataset: ImageDataset, folder: RunFolder) -> None:
    """Write the table of the split, and those of skipped files, invalid pixels and leaks if there are any."""
    write_split(dataset, folder.split)
    if dataset.skipped:
        write_csv(folder.skipped, ("file", "reason"), dataset.skipped.items())
    if dataset.invalid_share is not None and dataset.invalid_share.any():
        write_invalid_pixels(folder.invalid_pixels, dataset.ids, dataset.invalid_share)
    leaks = find_leaks(dataset)
    if leaks:
        write_leaks(leaks, folder.leaks)


def require_no_leaks(settings: Settings, dataset: ImageDataset) -> None:
    """Raise UserError for `dataset.on_leak=stop` if dependent images are in several splits."""
    leaks = find_leaks(dataset)
    if leaks and settings.dataset.on_leak == "stop":
        raise UserError(
            f"dataset.on_leak=stop: {leak_warning(leaks)} See them with task=inspect, and repair the splits, or set "
            "dataset.on_leak=move or warn."
        )


def data_warnings(settings: Settings, dataset: ImageDataset) -> list[str]:
    """Return the warnings about skipped files, invalid pixels, leaks, few training images and small classes."""
    warnings = []
    if dataset.skipped:
        reasons = Counter(dataset.skipped.values()).most_common()
        counted = listed((f"{reason} ({count:,})" for reason, count in reasons), 5, "; ")
        warnings.append(
            f"Files left out: {len(dataset.skipped):,}, see skipped.csv. Reasons: {counted}."
        )
    warnings += [
        *dataset.notes,
        *notes_of_weights(settings, dataset),
        *notes_of_columns(settings, dataset),
    ]
    if (invalid := invalid_pixels_warning(dataset.invalid_share)) is not None:
        warnings.append(invalid)
    leaks = find_leaks(dataset)
    if leaks:
        warnings.append(f"{leak_warning(leaks)} They are listed in leaks.csv.")
    n_train, batch_size = len(dataset.indices(TRAIN)), settings.trainer.batch_size
    if n_train < batch_size:
        warnings.append(
            f"train has {n_train} images, fewer than trainer.batch_size={batch_size}: every epoch is one batch of {n_train}."
        )
    return warnings + small_class_warnings(dataset, pooled=settings.task.name == "crossval")


def notes_of_weights(settings: Settings, dataset: ImageDataset) -> list[str]:
    """Return a sentence on the sample weights of train, if there are some.

    The effective number of images is (sum of w)^2 / (sum of w^2) (Kish 1965).
    """
    if dataset.sample_weights is None:
        return []
    weights = dataset.sample_weights[dataset.indices(TRAIN)].astype(np.float64)
    effective = weights.sum() ** 2 / (weights**2).sum()
    spread = weights.max() / weights.min()
    return [
        f"The training loss is weighted by {getattr(settings.dataset, 'weight_column', None) or 'sample weights'} (largest / smallest "
        f"weight {spread:.3g}; {len(weights):,} images count as {effective:,.0f} of equal weight). The losses and metrics of "
        "val and test are unweighted."
    ]


def notes_of_columns(settings: Settings, dataset: ImageDataset) -> list[str]:
    """Return sentences on missing values, placeholders of missing values, and constant catalog columns."""
    names = settings.model.features_columns
    if not names:
        return []
    values, train = dataset.column_values(names), dataset.indices(TRAIN)
    missing = np.isnan(values).sum(axis=0).tolist()
    gaps = [f"{name} of {counted(n, 'image')}" for name, n in zip(names, missing, strict=True) if n]
    placeholders = [
        f"{name} ({counted(int(np.isin(column, PLACEHOLDERS).sum()), 'image')})"
        for name, column in zip(names, values.T, strict=True)
        if np.isin(column, PLACEHOLDERS).any()
    ]
    constant = [
        name
        for name, column in zip(names, values[train].T, strict=True)
        if np.nanmax(column) == np.nanmin(column)
    ]
    notes = {
        f"Missing values of catalog columns are replaced by the median of train, and marked by an indicator: {listed(gaps)}.": gaps,
        f"Catalog columns hold values that surveys write for missing ones (-999, -9999): {listed(placeholders)}. Leave these cells "
        "empty.": placeholders,
        f"Catalog columns that are constant in train: {listed(constant)}. They carry no information; leave them out.": constant,
    }
    return [sentence for sentence, found in notes.items() if found]
