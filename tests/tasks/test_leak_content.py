from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.tasks.leak_content import LEAKS_SHOWN, leak_content

Make = Callable[..., ImageDataset]


def test_equal_pictures_of_two_splits_are_shown_side_by_side(make_dataset: Make) -> None:
    dataset = make_dataset(12)
    images = dataset.images.copy()
    images[4] = images[0]  # image 0 is train, image 4 val
    leaks = leak_content(replace(dataset, images=images))
    assert leaks.counts.rows[0] == ["identical pictures", "1", "2"]
    (gallery,) = leaks.galleries
    assert {each.id for each in gallery.pictures} == {"image-0", "image-4"}
    assert [each.lines[-1].endswith(("train", "val")) for each in gallery.pictures] == [True] * 2
    np.testing.assert_array_equal(gallery.pictures[0].image, gallery.pictures[1].image)


def test_near_duplicates_have_their_own_row_and_title(make_dataset: Make) -> None:
    dataset = make_dataset(12)
    images = np.random.default_rng(0).integers(0, 256, (12, 3, 32, 32), dtype=np.uint8)
    images[4] = np.rot90(images[0], 1, (1, 2))
    leaks = leak_content(replace(dataset, images=images))
    assert leaks.counts.rows[1] == ["near-duplicates", "1", "2"]
    assert [each.title for each in leaks.galleries] == ["near-duplicate, 2 images"]


def test_more_leaks_than_are_shown_are_counted(make_dataset: Make) -> None:
    dataset = make_dataset(60)
    groups = np.array([f"g{i % 20}" for i in range(60)])
    split = np.repeat(["train", "val", "test"], 20)
    leaks = leak_content(replace(dataset, groups=groups, split=split))
    assert len(leaks.galleries) == LEAKS_SHOWN + 1
    assert leaks.galleries[-1].note == "12 of 20 groups; all are in leaks.csv"
