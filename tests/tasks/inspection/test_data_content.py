from __future__ import annotations

from collections.abc import Callable

from astroclf.data.dataset import ImageDataset
from astroclf.tasks.inspection.data_content import (
    class_galleries,
    count_table,
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
