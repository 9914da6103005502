from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.files import read_csv
from astroclf.reports.inspect.content import AblationContent, LossRow
from astroclf.tasks.inspection.tables import (
    NearestImages,
    ablation_columns,
    neighbor_columns,
    write_columns,
)


def test_each_neighbor_is_a_row_with_its_rank(
    make_dataset: Callable[..., ImageDataset], tmp_path: Path
) -> None:
    dataset = make_dataset(12)
    nearby = NearestImages(
        np.array([3, 0]), np.array([[1, 2], [5, 4]]), np.array([[0.5, 1.0], [2.0, 3.0]])
    )
    write_columns(tmp_path / "neighbors.csv", neighbor_columns(dataset, nearby))
    rows = read_csv(tmp_path / "neighbors.csv")
    assert [(row["id"], row["rank"], row["neighbor"], row["distance"]) for row in rows] == [
        ("image-3", "1", "image-1", "0.5"),
        ("image-3", "2", "image-2", "1"),
        ("image-0", "1", "image-5", "2"),
        ("image-0", "2", "image-4", "3"),
    ]
    assert [row["class"] for row in rows] == ["b", "a", "b", "a"]


def test_a_loss_without_an_interval_has_empty_bounds_and_a_note() -> None:
    rows = [
        LossRow("gray", "", 40, 0.9, 0.6, 0.3, (0.2, 0.4)),
        LossRow("gray", "=star", 6, 1.0, 0.5, 0.5, None, "no interval: 6 images"),
    ]
    columns = ablation_columns(AblationContent({"gray": ""}, rows, []))
    assert columns["class"] == ["all", "=star"]
    assert columns["loss_low"] == ["0.2", ""]
    assert columns["note"] == ["", "no interval: 6 images"]
