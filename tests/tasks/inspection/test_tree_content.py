from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from astroclf.data.dataset import ImageDataset
from astroclf.data.sources import load_dataset
from astroclf.settings import Settings
from astroclf.tasks.inspection.examined import Examined
from astroclf.tasks.inspection.tree_content import predicted_trees, true_trees


@pytest.fixture
def voted(settings: Callable[..., Settings]) -> ImageDataset:
    votes = ("dataset.target=galaxy_zoo_2", "dataset.n_images=20", "loss=mse")
    return load_dataset(settings(*votes).dataset)


def test_true_votes_are_those_of_the_data_set(voted: ImageDataset) -> None:
    trees = true_trees(voted, np.array([3, 1]))
    assert [each.id for each in trees] == ["sim-000003", "sim-000001"]
    first = trees[0].questions[0].answers
    assert [each.true for each in first] == pytest.approx(voted.targets[3, :3])
    assert first[0].predicted is None


def test_predicted_votes_are_of_the_images_asked_for(voted: ImageDataset) -> None:
    featured, asked = np.array([1, 3, 4, 9]), np.array([9, 3])
    examined = Examined(
        bundle=cast("Any", None),
        dataset=voted,
        positions=np.array([1, 4]),
        asked=asked,
        featured=featured,
        features=None,
        probabilities=voted.targets[featured] / 2,
        labels=np.zeros((4, 37)),
        images="",
    )
    trees = predicted_trees(examined)
    assert [each.id for each in trees] == ["sim-000009", "sim-000003"]
    for tree, position in zip(trees, asked, strict=True):
        predicted = [each.predicted for each in tree.questions[0].answers]
        assert predicted == pytest.approx(voted.targets[position, :3] / 2)


def test_targets_without_a_tree_have_no_diagram(simulated_dataset: ImageDataset) -> None:
    assert true_trees(simulated_dataset, np.array([0])) == []
