"""Votes of the images asked for along the decision tree, for the page of task=inspect."""

from __future__ import annotations

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.thumbnails import make_thumbnails
from astroclf.reports.vote_trees import TreeOfImage, tree_of_image
from astroclf.tasks.inspection.examined import Examined


def true_trees(dataset: ImageDataset, chosen: np.ndarray) -> list[TreeOfImage]:
    """Return the true votes of the images at these positions; [] for targets without a tree."""
    return _trees(dataset, chosen, [None] * len(chosen))


def predicted_trees(examined: Examined) -> list[TreeOfImage]:
    """Return the true and predicted votes of the images asked for; [] for targets without a tree."""
    rows = np.searchsorted(examined.featured, examined.asked)
    return _trees(examined.dataset, examined.asked, list(examined.probabilities[rows]))


def _trees(
    dataset: ImageDataset, chosen: np.ndarray, predicted: list[np.ndarray] | list[None]
) -> list[TreeOfImage]:
    tree = dataset.tree
    if tree is None or not len(chosen):
        return []
    images = make_thumbnails(dataset, chosen)
    return [
        tree_of_image(tree, image, str(dataset.ids[position]), dataset.targets[position], of_image)
        for position, image, of_image in zip(chosen, images, predicted, strict=True)
    ]
