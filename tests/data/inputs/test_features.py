from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from astroclf.data.inputs.features import block_features, check_features, describe_missing
from astroclf.data.inputs.source import Block, Row
from astroclf.errors import UserError

KEPT = ("note", "mag_r", "color_gr")
NAMES = ("color_gr", "mag_r")


class Table:
    title = "predict.input=new.csv"
    columns = KEPT

    def __init__(self, *rows: tuple[str, str, str]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, position: int) -> Row:
        return Row(str(position), "", self.rows[position])


def test_features_are_of_the_rows_with_an_image_in_the_order_of_the_model() -> None:
    kept = [("a", "17.5", "0.8"), ("b", "18", "1"), ("c", "NA", "-0.25")]
    images = np.zeros((2, 1, 4, 4))
    block = Block(
        0,
        ["0", "1", "2"],
        [""] * 3,
        kept,
        ["", "no such file", ""],
        images,
        np.zeros((2, 1), np.float32),
    )
    features = block_features(block, KEPT, NAMES)
    assert features is not None
    assert features.dtype == np.float32
    np.testing.assert_array_equal(features, np.array([[0.8, 17.5], [-0.25, np.nan]], np.float32))
    assert block_features(block, KEPT, ()) is None


def test_missing_values_are_counted() -> None:
    table: Any = Table(("", "17", ""), ("", "", "NA"), ("", "18", "1"))
    missing = check_features(table, NAMES)
    assert missing == {"color_gr": 2, "mag_r": 1}
    assert "color_gr of 2 images, mag_r of 1 image" in describe_missing(missing)


@pytest.mark.parametrize("cell", ["bright", "inf", "1e60"])
def test_cells_that_are_no_finite_float32_are_refused(cell: str) -> None:
    table: Any = Table(("", "17", "0.5"), ("", cell, "0.5"))
    with pytest.raises(UserError, match=f"mag_r of row 2 is {cell}, not a finite number"):
        check_features(table, NAMES)


def test_an_input_without_the_columns_is_refused() -> None:
    images: Any = SimpleNamespace(title="predict.input=folder", columns=())
    with pytest.raises(UserError, match="takes the catalog columns color_gr, mag_r"):
        check_features(images, NAMES)
