from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from astroclf.data.audit.leaks import find_leaks
from astroclf.data.dataset import ImageDataset
from astroclf.tasks.inspection.data_content import (
    class_galleries,
    count_table,
    leak_galleries,
    leak_table,
    skipped_table,
)

Make = Callable[..., ImageDataset]


def test_counts_are_of_each_class_in_each_split(make_dataset: Make) -> None:
    table = count_table(make_dataset(60, n_classes=3))
    assert table.header == ["class", "train", "val", "all"]
    assert [row[0] for row in table.rows] == ["a", "b", "c"]
    assert sum(int(row[3]) for row in table.rows) == 60


def test_galleries_hold_images_of_their_class(make_dataset: Make) -> None:
    dataset = make_dataset(60, n_classes=3)
    class_of = dict(zip(dataset.ids.tolist(), dataset.targets.tolist(), strict=True))
    for k, gallery in enumerate(class_galleries(dataset, 4, seed=0)):
        assert gallery.note == "4 of 20 images"
        assert {class_of[each.id] for each in gallery.pictures} == {k}


def test_equal_pictures_of_two_splits_are_shown_side_by_side(make_dataset: Make) -> None:
    dataset = make_dataset(12)
    images = dataset.images.copy()
    images[4] = images[0]  # image 0 is train, image 4 val
    copied = replace(dataset, images=images, hashes=None)
    leaks = find_leaks(copied)
    assert leak_table(leaks).rows[0] == ["pictures", "1", "2"]
    (gallery,) = leak_galleries(copied, leaks)
    assert {each.id for each in gallery.pictures} == {"image-0", "image-4"}
    np.testing.assert_array_equal(gallery.pictures[0].image, gallery.pictures[1].image)


def test_skipped_files_are_listed_with_their_reasons(make_dataset: Make) -> None:
    dataset = make_dataset(12)
    assert skipped_table(dataset) is None
    table = skipped_table(replace(dataset, skipped={"a.png": "truncated", "b.png": "truncated"}))
    assert table is not None
    assert table.caption == "2 files skipped: truncated (2)"
    assert table.rows == [["a.png", "truncated"], ["b.png", "truncated"]]
