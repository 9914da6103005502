"""Section of the report on the decision tree."""

from __future__ import annotations

import numpy as np

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import make_labels
from astroclf.reports.run.tree_section import tree_galleries
from astroclf.settings.schemas import read_schema
from fixtures.galaxy_zoo import draw_fractions
from fixtures.reports import result, thumbnails, votes_result

TREE = read_schema("galaxy_zoo_2").tree


def test_images_of_the_smallest_median_and_largest_rmse() -> None:
    truth = draw_fractions(TREE, 9)
    errors = np.array([5, 1, 8, 2, 9, 3, 7, 4, 6]) / 100
    predicted = Predicted(truth + errors[:, None], truth.argmax(axis=1))
    labels = make_labels(truth, TREE.answers, tree=TREE)
    shown = result(labels, predicted, np.array([f"g{n}" for n in range(9)]))
    galleries = tree_galleries(shown, thumbnails)
    assert [gallery.title for gallery in galleries] == [
        "Closest to the votes",
        "Median error",
        "Furthest from the votes",
    ]
    assert [[tree.id for tree in each.trees] for each in galleries] == [
        ["g1", "g3"],
        ["g7", "g0"],
        ["g4", "g2"],
    ]


def test_votes_without_a_tree_have_no_section() -> None:
    assert tree_galleries(votes_result(), thumbnails) == []
