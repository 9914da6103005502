from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from astroclf.data.dataset import ImageDataset
from astroclf.errors import UserError
from astroclf.tasks.inspection.selection import (
    chosen_split,
    describe_sample,
    find_ids,
    images_of_class,
)

Make = Callable[..., ImageDataset]


def test_ids_are_found_in_the_order_in_which_they_were_asked_for(make_dataset: Make) -> None:
    assert find_ids(make_dataset(12), ["image-7", "image-2"]).tolist() == [7, 2]


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("image-77", "Similar ids: image-7"),
        ("mage-1", "image-1"),
        ("NGC 1300", "Ids look like image-0"),
    ],
)
def test_an_unknown_id_is_refused_with_a_hint(make_dataset: Make, wrong: str, hint: str) -> None:
    with pytest.raises(UserError, match=rf"inspect.ids={wrong}: no image has that id. .*{hint}"):
        find_ids(make_dataset(12), ["image-1", wrong])


def test_images_of_a_class_are_random_and_the_same_with_the_same_seed(make_dataset: Make) -> None:
    dataset = make_dataset(60, n_classes=3)
    chosen = images_of_class(dataset, 1, 5, seed=0)
    assert (dataset.targets[chosen] == 1).all()
    assert len(set(chosen.tolist())) == 5
    np.testing.assert_array_equal(chosen, images_of_class(dataset, 1, 5, seed=0))
    assert chosen.tolist() != images_of_class(dataset, 1, 5, seed=1).tolist()
    assert len(images_of_class(dataset, 2, 100, seed=0)) == 20


def test_the_split_is_test_then_val_or_the_one_asked_for(make_dataset: Make) -> None:
    dataset = make_dataset(12)
    assert chosen_split(dataset, None) == "val"
    assert chosen_split(dataset, "train") == "train"
    tested = dataset.with_split(np.where(np.arange(12) < 3, "test", dataset.split))
    assert chosen_split(tested, None) == "test"
    with pytest.raises(UserError, match=r"inspect.split=field: the splits are train, val"):
        chosen_split(dataset, "field")


def test_a_sample_is_described_with_its_size_and_seed() -> None:
    assert describe_sample("test", 10, 10, 3) == "10 images of test"
    assert describe_sample("test", 10, 2000, 3) == "10 of 2,000 images of test, sampled with seed 3"
