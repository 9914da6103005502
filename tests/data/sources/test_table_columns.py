from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroclf.data.sources.table_columns import (
    column_ids,
    groups_of,
    sky_of,
    splits_of,
)
from astroclf.errors import UserError
from astroclf.tables import Table, read_table

CONTENT = """objID,ra,dec,set,field
0012,10.5,-1.25,Training,a
1237645877936062584,359.9,2,,a
13,0,90,dev,b
"""


@pytest.fixture
def table(tmp_path: Path) -> Table:
    file = tmp_path / "objects.csv"
    file.write_text(CONTENT)
    keys = {"objID": "id", "ra": "ra", "dec": "dec", "set": "split", "field": "group"}
    return read_table("dataset.table", file, [(f"dataset.{k}_column", c) for c, k in keys.items()])


def test_ids_keep_leading_zeros_and_all_digits(table: Table) -> None:
    assert column_ids(table, "objID").tolist() == ["0012", "1237645877936062584", "13"]


def test_repeated_ids_are_refused(table: Table) -> None:
    with pytest.raises(UserError, match=r"dataset\.id_column=field: 1 ids are in several rows"):
        column_ids(table, "field")


def test_groups_splits_and_positions(table: Table) -> None:
    groups = groups_of(table, "field")
    assert groups is not None
    assert groups.tolist() == ["a", "a", "b"]
    assert groups_of(table, None) is None
    assert splits_of(table, "set").tolist() == ["train", "", "val"]
    sky_deg = sky_of(table, "ra", "dec")
    np.testing.assert_array_equal(sky_deg, [[10.5, -1.25], [359.9, 2], [0, 90]])


def test_positions_that_are_not_degrees_are_refused(table: Table) -> None:
    with pytest.raises(UserError, match="values of 1 row are not degrees, line 3"):
        sky_of(table, "dec", "ra")
