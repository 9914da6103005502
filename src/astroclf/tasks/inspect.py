"""task=inspect: a page on a data set before training, and on what a trained model makes of it."""

from __future__ import annotations

import logging

from astroclf.data.class_counts import class_table
from astroclf.data.dataset import ImageDataset
from astroclf.files import shortest, write_csv
from astroclf.reports.inspect.page import write_inspection
from astroclf.tasks.data_checks import describe, write_tables
from astroclf.tasks.datasets import get_dataset
from astroclf.tasks.inspection.content import inspection_content
from astroclf.tasks.inspection.data_content import count_columns
from astroclf.tasks.run import Run

log = logging.getLogger(__name__)


def main(run: Run) -> None:
    """Write inspect.html and its tables."""
    inspect_dataset(run, get_dataset(run.settings, run.cache))


def inspect_dataset(run: Run, dataset: ImageDataset) -> None:
    """Write inspect.html and its tables to the run folder. Raise UserError for ids that do not exist."""
    content = inspection_content(run.settings, dataset)
    log.info(describe(run.settings.dataset.name, dataset))
    if dataset.exclusive_classes:
        log.info(class_table(dataset))
    write_tables(dataset, run.folder)
    columns = count_columns(dataset)
    write_csv(run.folder.class_counts, list(columns), zip(*columns.values(), strict=True))
    write_inspection(run.folder.inspection, content)
    for warning in content.warnings:
        log.warning(warning)
    log.info("%-12s%s", "page", shortest(run.folder.inspection))
