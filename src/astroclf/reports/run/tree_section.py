"""Section of the report on the decision tree: votes of the best, median and worst predicted images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroclf.evaluation.labels import VoteLabels
from astroclf.evaluation.results import SplitResult
from astroclf.reports.run.content import Thumbnails
from astroclf.reports.vote_trees import TreeOfImage, tree_of_image

PER_KIND = 2


@dataclass(frozen=True)
class TreeGallery:
    title: str
    trees: list[TreeOfImage]


def tree_galleries(shown: SplitResult, thumbnails: Thumbnails) -> list[TreeGallery]:
    """Return images of the smallest, median and largest RMSE; [] for votes without a tree."""
    labels = shown.labels
    if not isinstance(labels, VoteLabels) or labels.tree is None:
        return []
    predicted = shown.predicted.probabilities
    rmse = np.sqrt(np.mean((predicted - labels.targets) ** 2, axis=1))
    by_rmse = np.argsort(rmse, kind="stable")
    middle = max(0, (len(rmse) - PER_KIND) // 2)
    kinds = {
        "Closest to the votes": by_rmse[:PER_KIND],
        "Median error": by_rmse[middle : middle + PER_KIND],
        "Furthest from the votes": by_rmse[::-1][:PER_KIND],
    }
    return [
        TreeGallery(
            title,
            [
                tree_of_image(
                    labels.tree, image, str(shown.ids[i]), labels.targets[i], predicted[i]
                )
                for i, image in zip(positions, thumbnails(positions), strict=True)
            ],
        )
        for title, positions in kinds.items()
    ]
