"""What is looked at in a data set before anything is trained on it."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

from astroclf.data.audit import find_leaks, leak_warning, write_leaks
from astroclf.data.class_counts import class_table, small_class_warning
from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.data.splits import write_split
from astroclf.errors import listed
from astroclf.evaluation.decisions.threshold_search import read_objective
from astroclf.files import write_csv
from astroclf.settings import Settings, sections
from astroclf.status import status
from astroclf.tasks.columns import catalog_values

log = logging.getLogger(__name__)


@status("checking the data")
def inspect_dataset(settings: Settings, dataset: ImageDataset, folder: Path) -> list[str]:
    """Describe the data, write split.csv (and skipped.csv, leaks.csv where there are any).

    Returns the warnings that belong into the report. Raises UserError where the evaluation that
    was asked for would fail once the training is over.
    """
    log.info(describe(settings.dataset.name, dataset))
    if not dataset.has_votes:
        log.info(class_table(dataset))
    write_split(dataset, folder / "split.csv")
    warnings = []
    if dataset.skipped:
        write_skipped(folder / "skipped.csv", dataset)
        warnings.append(skipped_warning(dataset))
    leaks = find_leaks(dataset)
    if leaks:
        write_leaks(leaks, folder / "leaks.csv")
        warnings.append(f"{leak_warning(leaks)} They stand in leaks.csv.")
    n_train, batch_size = len(dataset.indices(TRAIN)), settings.trainer.batch_size
    if n_train < batch_size:
        warnings.append(
            f"train has {n_train} images, fewer than trainer.batch_size={batch_size}: every epoch is one batch of {n_train}."
        )
    pooled = isinstance(settings.task, sections.CrossVal)
    small_classes = "" if dataset.has_votes else small_class_warning(dataset, pooled=pooled)
    if small_classes:
        warnings.append(small_classes)
    for warning in warnings:
        log.warning(warning)
    catalog_values(settings, dataset)  # a wrong column is refused before the training
    if settings.evaluation.threshold != "none" and not dataset.has_votes:
        read_objective(settings.evaluation.threshold, len(dataset.classes))
    return warnings


def describe(name: str, dataset: ImageDataset) -> str:
    """One line: how many images of which shape, and how they are split."""
    bands, side = dataset.channels, dataset.image_px
    parts = listed(f"{split} {len(dataset.indices(split)):,}" for split in dataset.split_names)
    kind = "answers" if dataset.has_votes else "classes"
    shown = ", ".join(dataset.classes[:6]) + (", ..." if len(dataset.classes) > 6 else "")
    positive = f", positive: {dataset.positive_class}" if dataset.positive_class else ""
    return (
        f"{name}: {len(dataset):,} images of {bands} x {side} x {side} px; {parts}; "
        f"{len(dataset.classes)} {kind} ({shown})" + positive
    )


def skipped_warning(dataset: ImageDataset) -> str:
    """Return how many files are left out for which reasons, the commonest first."""
    reasons = Counter(dataset.skipped.values()).most_common()
    counted = listed((f"{reason} ({count:,})" for reason, count in reasons), 5, "; ")
    return f"Files left out: {len(dataset.skipped):,}, see skipped.csv. Reasons: {counted}."


def write_skipped(file: Path, dataset: ImageDataset) -> None:
    write_csv(file, ("file", "reason"), dataset.skipped.items())
