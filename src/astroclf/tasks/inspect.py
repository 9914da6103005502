"""task=inspect: a page on a data set before training, and on what a trained model makes of it."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from astroclf.bundle import Bundle
from astroclf.data.class_counts import class_table
from astroclf.data.dataset import ImageDataset
from astroclf.files import shortest
from astroclf.reports.inspect.content import InspectionContent
from astroclf.reports.inspect.page import write_inspection
from astroclf.tasks.data_checks import describe, write_tables
from astroclf.tasks.datasets import get_dataset
from astroclf.tasks.inspection.data_content import count_columns
from astroclf.tasks.inspection.examined import Examined, examine
from astroclf.tasks.inspection.label_error_content import (
    find_suspect_labels,
    label_error_columns,
    label_error_content,
)
from astroclf.tasks.inspection.model_content import find_nearest, model_content
from astroclf.tasks.inspection.page_content import data_content, inspect_options
from astroclf.tasks.inspection.selection import find_ids
from astroclf.tasks.inspection.statistics_content import measure_images, statistics_columns
from astroclf.tasks.inspection.tables import (
    ablation_columns,
    embedding_columns,
    neighbor_columns,
    write_columns,
)
from astroclf.tasks.model_from import open_model
from astroclf.tasks.run import Run

log = logging.getLogger(__name__)


def main(run: Run) -> None:
    """Write inspect.html and its tables."""
    bundle = None if run.settings.model_from is None else open_model(run.settings)
    inspect_dataset(run, read_inspected(run, bundle), bundle, run.settings.dataset.source)


def read_inspected(run: Run, bundle: Bundle | None) -> ImageDataset:
    """Return the images of the settings."""
    return get_dataset(run.settings, run.cache)


def inspect_dataset(run: Run, dataset: ImageDataset, bundle: Bundle | None, source: str) -> None:
    """Write inspect.html and its tables to the run folder.

    source: of the images, for display. Raise UserError for ids that do not exist, predictions that are
    not out-of-fold, and a model that does not fit the data.
    """
    settings, folder = run.settings, run.folder
    options = inspect_options(settings)
    find_ids(dataset, options.ids)  # before anything slow
    suspects = None
    if options.predictions is not None:
        suspects = find_suspect_labels(dataset, Path(options.predictions))
    examined = None if bundle is None else examine(bundle, dataset, options)
    log.info(describe(Path(source).name, dataset))
    if dataset.exclusive_classes:
        log.info(class_table(dataset))
    measured = measure_images(dataset, options.max_images, options.seed)
    content = data_content(settings, dataset, measured, source)
    if suspects is not None:
        content = replace(content, label_errors=label_error_content(dataset, suspects))
        write_columns(folder.label_errors, label_error_columns(dataset, suspects))
    if examined is not None:
        content = add_model(run, content, examined)
    write_tables(dataset, folder)
    write_columns(folder.class_counts, count_columns(dataset))
    write_columns(folder.statistics, statistics_columns(dataset, measured))
    write_inspection(folder.inspection, content, folder.figures)
    for warning in content.warnings:
        log.warning(warning)
    log.info("%-12s%s", "page", shortest(folder.inspection))


def add_model(run: Run, content: InspectionContent, examined: Examined) -> InspectionContent:
    """Return the content with what the model makes of the images, and write its tables."""
    options, folder = inspect_options(run.settings), run.folder
    nearby = find_nearest(examined, options.neighbors)
    model = model_content(examined, nearby, options, run.settings.evaluation.bootstrap_resamples)
    if model.maps:
        columns = embedding_columns(examined.dataset, examined.positions, model.maps)
        write_columns(folder.embedding, columns)
    if model.neighbors:
        write_columns(folder.neighbors, neighbor_columns(examined.dataset, nearby))
    if model.ablations is not None:
        write_columns(folder.ablations, ablation_columns(model.ablations))
    return replace(content, model=model)
