"""Content of the page on the data: counts, galleries and skipped files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.errors import counted
from astroclf.reports.pictures import Gallery, Table
from astroclf.settings.metrics import VOTES
from astroclf.tasks.inspection.selection import images_of_class
from astroclf.tasks.pictures import pictures_of

MOST_EXAMPLES = 120  # pictures of all class galleries together
FEWEST_PER_CLASS = 2
REASONS_SHOWN, FILES_SHOWN = 10, 50


def count_columns(dataset: ImageDataset) -> dict[str, Sequence[object]]:
    """Return the columns of class_counts.csv: class, one of each split, and all; of vote fractions, the
    images with most votes for an answer, and the mean vote."""
    classes, splits = dataset.classes, dataset.split_names
    counts = {
        split: np.bincount(dataset.leading[dataset.indices(split)], minlength=len(classes))
        for split in splits
    }
    columns: dict[str, Sequence[object]] = {"class": classes}
    columns |= {split: counts[split].tolist() for split in splits}
    columns["all"] = np.sum(list(counts.values()), axis=0).tolist()
    if dataset.target_kind == VOTES:
        columns["mean_vote"] = dataset.targets.mean(axis=0, dtype=np.float64).round(6).tolist()
    return columns


def count_table(dataset: ImageDataset) -> Table:
    """Return the table of images per class and split."""
    columns = count_columns(dataset)
    votes = dataset.target_kind == VOTES
    caption = "Images per class and split"
    if votes:
        caption = "Images per answer with most votes and split, and the mean vote fraction"
    rows = zip(*columns.values(), strict=True)
    return Table(
        caption,
        ["answer" if votes else "class", *list(columns)[1:]],
        [[str(name), *map(_cell, values)] for name, *values in rows],
    )


def class_galleries(dataset: ImageDataset, per_class: int, seed: int) -> list[Gallery]:
    """Return random images of each class; fewer of each where there are many classes."""
    most = max(FEWEST_PER_CLASS, min(per_class, MOST_EXAMPLES // len(dataset.classes)))
    galleries = []
    for k, name in enumerate(dataset.classes):
        positions = images_of_class(dataset, k, most, seed)
        total = int(np.sum(dataset.leading == k))
        note = f"{len(positions)} of {counted(total, 'image')}"
        galleries.append(Gallery(name, note, pictures_of(dataset, positions, with_class=False)))
    return galleries


def skipped_table(dataset: ImageDataset) -> Table | None:
    """Return the skipped files with their reasons; None if there are none."""
    if not dataset.skipped:
        return None
    reasons = Counter(dataset.skipped.values()).most_common(REASONS_SHOWN)
    files = list(dataset.skipped.items())[:FILES_SHOWN]
    caption = f"{counted(len(dataset.skipped), 'file')} skipped: " + "; ".join(
        f"{reason} ({n:,})" for reason, n in reasons
    )
    if len(dataset.skipped) > FILES_SHOWN:
        caption += f". The first {FILES_SHOWN}; all are in skipped.csv"
    return Table(caption, ["file", "reason"], [[name, reason] for name, reason in files])


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}"
