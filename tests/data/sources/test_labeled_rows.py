from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from astroclf.data.framing import Framing
from astroclf.data.pixels import Pixels
from astroclf.data.sources.files import ReadFiles
from astroclf.data.sources.labeled_rows import LabeledRows
from astroclf.settings import Settings
from astroclf.tables import Table

COLUMNS = {
    "class": ["a", "b", "a"],
    "split": ["Training", "", "test"],
    "field": ["x", "y", "z"],
    "ra": ["10.5", "20", "30"],
    "dec": ["-1", "0", "1"],
}


def rows_of(settings: Any) -> LabeledRows:
    table = Table("dataset.table=a.csv", COLUMNS, {}, [2, 3, 4], ",")
    return LabeledRows.of(table, np.array(["007", "008", "009"]), settings, fewest_classes=2)


def test_rows_without_an_image_are_left_out(settings: Callable[..., Settings]) -> None:
    columns = ("split", "group", "ra", "dec")
    names = {"group": "field"}
    catalog = settings(
        "dataset=catalog",
        "dataset.table=a.csv",
        *(f"dataset.{each}_column={names.get(each, each)}" for each in columns),
        "dataset.pixel_scale_arcsec=0.5",
    ).dataset
    images = np.zeros((2, 3, 8, 8), np.uint8)
    pixels = Pixels(("g", "r", "z"), 0.5, "asinh")
    framing = Framing(pixels.bands, "8-bit", "asinh", None, 8)
    read = ReadFiles(images, np.array([0, 2]), {"b.png": "truncated"}, pixels, framing)
    dataset = rows_of(catalog).with_images(read, catalog)
    assert dataset.ids.tolist() == ["007", "009"]
    assert dataset.classes == ("a", "b")
    assert dataset.targets.tolist() == [0, 0]
    assert dataset.split.tolist() == ["train", "test"]
    assert dataset.groups is not None
    assert dataset.groups.tolist() == ["x", "z"]
    np.testing.assert_array_equal(dataset.sky_deg, [[10.5, -1], [30, 1]])
    assert dataset.neighbor_arcsec == 4  # 8 px of 0.5 arcsec
    assert dataset.skipped == {"b.png": "truncated"}
