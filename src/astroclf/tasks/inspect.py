"""task=inspect: a page on a data set before training, and on a trained model."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from astroclf.bundle import Bundle
from astroclf.data.class_counts import class_table
from astroclf.data.dataset import ImageDataset
from astroclf.data.sources import load_labeled_images, split_images
from astroclf.errors import UserError
from astroclf.files import shortest
from astroclf.provenance import provenance
from astroclf.reports.inspect.content import InspectionContent
from astroclf.reports.inspect.page import write_inspection
from astroclf.runs.settings import write_settings
from astroclf.tasks.data_checks import describe, write_tables
from astroclf.tasks.inspection.data_content import count_columns
from astroclf.tasks.inspection.examined import Examined, examine, explained_member
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
from astroclf.tasks.inspection.tree_content import predicted_trees
from astroclf.tasks.inspection.views import shown_preprocess
from astroclf.tasks.model_from import open_model
from astroclf.tasks.model_images import read_images
from astroclf.tasks.run import Run
from astroclf.tracking import closing

log = logging.getLogger(__name__)
# What is recorded as parameters of the run: the rest of the settings is of trainings.
PARAMETERS = {"seed", "task", "model_from", "inspect", "dataset", "augment"}


def main(run: Run) -> None:
    """Write inspect.html and its tables."""
    bundle = None if run.settings.model_from is None else open_model(run.settings)
    if bundle is not None and bundle.columns:
        raise UserError(
            f"model_from={','.join(run.settings.model_from or ())}: the pages on a model explain images alone, and this model also takes the "
            f"catalog columns {', '.join(bundle.columns)}. Inspect the data without model_from, and use task=evaluate for the model."
        )
    inspect_dataset(run, read_inspected(run, bundle), bundle, run.settings.dataset.source)


def read_inspected(run: Run, bundle: Bundle | None) -> ImageDataset:
    """Return the images of the settings, in the splits that a training would have; with a model, prepared
    as its training images were. A split may lack a class, which is what the page is to show."""
    section = run.settings.dataset
    dataset = load_labeled_images(section) if bundle is None else read_images(section, bundle)
    return split_images(dataset, section)


def inspect_dataset(run: Run, dataset: ImageDataset, bundle: Bundle | None, source: str) -> None:
    """Write inspect.html and its tables to the run folder, and track them.

    source: of the images, for display. Raise UserError for ids that do not exist, predictions that are
    not out-of-fold, and a model that does not fit the data.
    """
    options = inspect_options(run.settings)
    find_ids(dataset, options.ids)
    with closing(run.tracker):
        origin = provenance()
        write_settings(run.folder, run.settings)
        run.tracker.start(
            f"inspect-{Path(source).stem}-{dataset.fingerprint[:6]}",
            run.settings.model_dump(include=PARAMETERS),
            {**origin, "task": run.settings.task.name},
        )
        run.tracker.log_dataset(run.settings.dataset.name, source, dataset.fingerprint)
        log.info(describe(Path(source).name, dataset))
        if dataset.exclusive_classes:
            log.info(class_table(dataset))
        write_tables(dataset, run.folder)
        content = make_content(run, dataset, bundle, source)
        write_inspection(run.folder.inspection, content, run.folder.figures)
        for warning in content.warnings:
            log.warning(warning)
        run.tracker.log_artifacts([run.folder.path / name for name in run.folder.inspected])
        log.info("%-12s%s", "page", shortest(run.folder.inspection))


def make_content(
    run: Run, dataset: ImageDataset, bundle: Bundle | None, source: str
) -> InspectionContent:
    """Return the content of the page, and write its tables; wrong settings are refused first."""
    settings, folder, options = run.settings, run.folder, inspect_options(run.settings)
    suspects = None
    if options.predictions is not None:
        suspects = find_suspect_labels(dataset, Path(options.predictions))
    examined = None if bundle is None else examine(bundle, dataset, options)
    measured = measure_images(dataset, options.max_images, options.seed)
    preprocess = (
        shown_preprocess(dataset, options.seed, settings.flux)
        if bundle is None
        else explained_member(bundle).predictor.preprocess
    )
    content = data_content(settings, dataset, measured, preprocess, source)
    write_columns(folder.class_counts, count_columns(dataset))
    write_columns(folder.statistics, statistics_columns(dataset, measured))
    if suspects is not None:
        content = replace(content, label_errors=label_error_content(dataset, suspects))
        write_columns(folder.label_errors, label_error_columns(dataset, suspects))
    return content if examined is None else add_model(run, content, examined)


def add_model(run: Run, content: InspectionContent, examined: Examined) -> InspectionContent:
    """Return the content with the part on the model, and write its tables."""
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
    return replace(content, model=model, trees=predicted_trees(examined))
