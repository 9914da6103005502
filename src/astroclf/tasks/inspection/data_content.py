"""Content of the page on the data: counts, galleries, leaks and skipped files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from astroclf.data.audit.leaks import NOUNS, Leak
from astroclf.data.dataset import ImageDataset
from astroclf.data.thumbnails import make_thumbnails
from astroclf.errors import counted
from astroclf.reports.inspect.content import Gallery, Picture, Table
from astroclf.settings.metrics import VOTES
from astroclf.tasks.inspection.selection import images_of_class

MOST_EXAMPLES = 120  # pictures of all class galleries together
FEWEST_PER_CLASS = 2
LEAKS_SHOWN = 12  # of each kind
IMAGES_OF_LEAK = 4
ANSWERS_SHOWN = 5  # those with most votes
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


def pictures_of(
    dataset: ImageDataset, positions: np.ndarray, *, with_class: bool = True
) -> list[Picture]:
    """Return thumbnails with id, class, split and, of vote data, the answers with most votes."""
    if not len(positions):
        return []
    return [
        Picture(image, str(dataset.ids[i]), describe(dataset, int(i), with_class=with_class))
        for i, image in zip(positions, make_thumbnails(dataset, positions), strict=True)
    ]


def describe(dataset: ImageDataset, position: int, *, with_class: bool = True) -> list[str]:
    """Return the lines below an image: class and split, or the answers with most votes and the split."""
    split = str(dataset.split[position])
    if dataset.target_kind == VOTES:
        votes = dataset.targets[position]
        most = np.argsort(-votes, kind="stable")[:ANSWERS_SHOWN]
        return [*(f"{dataset.classes[k]} {votes[k]:.2f}" for k in most), split]
    label = dataset.classes[dataset.leading[position]]
    return [f"{label}, {split}" if with_class else split]


def leak_table(leaks: Sequence[Leak]) -> Table:
    """Return the number of leaks of each kind, and of the images in them."""
    rows = []
    for what, (_, many) in NOUNS.items():
        of_kind = [leak for leak in leaks if leak.what == what]
        images = {identity for leak in of_kind for identity in leak.ids}
        rows.append([many, f"{len(of_kind):,}", f"{len(images):,}"])
    return Table("Leaks between splits", ["kind", "found", "images in them"], rows)


def leak_galleries(dataset: ImageDataset, leaks: Sequence[Leak]) -> list[Gallery]:
    """Return the first leaks of each kind, the images of one leak beside each other."""
    position_of = {name: i for i, name in enumerate(dataset.ids.tolist())}
    galleries = []
    for what, (one, many) in NOUNS.items():
        of_kind = [leak for leak in leaks if leak.what == what]
        for leak in of_kind[:LEAKS_SHOWN]:
            members = np.array([position_of[each] for each in across_splits(leak)])
            title = f"{one}, {counted(len(leak.ids), 'image')}"
            galleries.append(Gallery(title, "", pictures_of(dataset, members)))
        if len(of_kind) > LEAKS_SHOWN:
            note = f"{LEAKS_SHOWN} of {len(of_kind):,} {many}; all are in leaks.csv"
            galleries.append(Gallery("", note, []))
    return galleries


def across_splits(leak: Leak) -> list[str]:
    """Return a few ids of a leak, one of each split first."""
    first = {split: name for name, split in zip(leak.ids[::-1], leak.splits[::-1], strict=True)}
    others = [name for name in leak.ids if name not in first.values()]
    return [*first.values(), *others][:IMAGES_OF_LEAK]


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
