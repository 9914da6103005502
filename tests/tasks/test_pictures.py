from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from astroclf.tasks.pictures import describe, pictures_of


def test_pictures_have_id_class_and_split(make_dataset: Any) -> None:
    dataset = make_dataset()
    pictures = pictures_of(dataset, np.array([1, 4]))
    assert [(each.id, each.lines) for each in pictures] == [
        ("image-1", ["b, train"]),
        ("image-4", ["a, val"]),
    ]
    assert pictures_of(dataset, np.array([1]), with_class=False)[0].lines == ["train"]
    assert pictures_of(dataset, np.array([], int)) == []


def test_votes_list_the_five_largest_answers(make_dataset: Any) -> None:
    votes = np.tile(np.array([0.05, 0.3, 0.1, 0.25, 0.2, 0.1], np.float32), (12, 1))
    dataset = replace(make_dataset(n_classes=6, votes=True), targets=votes)
    assert describe(dataset, 0) == ["b 0.30", "d 0.25", "e 0.20", "c 0.10", "f 0.10", "train"]
