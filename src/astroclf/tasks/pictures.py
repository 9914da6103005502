"""Pictures of a data set for pages: thumbnails with id, class and split."""

from __future__ import annotations

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.thumbnails import make_thumbnails
from astroclf.reports.pictures import Picture
from astroclf.settings.metrics import VOTES

ANSWERS_SHOWN = 5  # those with most votes


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
