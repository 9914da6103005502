"""Class counts per split, and classes too small for reliable metrics."""

from __future__ import annotations

import numpy as np

from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.errors import listed

FEWEST_IN_SPLIT = 10
FEWEST_IN_ALL = 30
SHOWN_CLASSES = 12  # of more, the most and the least frequent ones


def class_table(dataset: ImageDataset) -> str:
    """Return a table of the number of images of each class in each split, the most frequent first."""
    splits = dataset.split_names
    counts = np.stack([dataset.class_counts(split) for split in splits], axis=1)
    order = np.argsort(-counts.sum(axis=1), kind="stable").tolist()
    rows = [(dataset.classes[k], *(f"{n:,}" for n in counts[k])) for k in order]
    left_out = len(rows) - SHOWN_CLASSES
    if left_out > 0:
        half = SHOWN_CLASSES // 2
        more = (f"... {left_out:,} more", *("" for _ in splits))
        rows = [*rows[:half], more, *rows[-half:]]
    table = [("class", *splits), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(splits) + 1)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in table
    )


def small_class_warnings(dataset: ImageDataset, *, pooled: bool = False) -> list[str]:
    """Return a warning with the classes that are too small for reliable metrics, if there are any.

    pooled: the test images of several trainings are scored together, so that only the number of
    images in all splits counts.
    """
    evaluated = [] if pooled else [split for split in dataset.split_names if split != TRAIN]
    found = {split: dataset.class_counts(split) for split in evaluated}
    in_all = np.sum([dataset.class_counts(split) for split in dataset.split_names], axis=0)
    small = [
        f"{name} ({', '.join([f'{in_all[k]:,} of {len(dataset):,}', *_in_splits(found, k)])})"
        for k, name in enumerate(dataset.exclusive_classes)
        if in_all[k] < FEWEST_IN_ALL or any(n[k] < FEWEST_IN_SPLIT for n in found.values())
    ]
    if not small:
        return []
    limits = f"fewer than {FEWEST_IN_ALL} images in all"
    if not pooled:
        limits += f" or {FEWEST_IN_SPLIT} in a split that is evaluated"
    return [
        f"Classes too small for reliable metrics, with {limits}: {listed(small, most=5)}. Their recall, precision and F1 "
        "are uncertain for any network. Add images of them, or merge them with other classes."
    ]


def _in_splits(found: dict[str, np.ndarray], k: int) -> list[str]:
    return [f"{n[k]:,} in {split}" for split, n in found.items() if n[k] < FEWEST_IN_SPLIT]
