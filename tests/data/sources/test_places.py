from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.data.crops import Place
from astroclf.data.sources.places import place_columns, read_places
from astroclf.errors import UserError
from astroclf.tables import read_table


def test_positions_and_sizes_are_read_from_their_columns(
    tmp_path: Path, source_settings: Callable[..., Any]
) -> None:
    (tmp_path / "t.csv").write_text("file,x,y,r\na,1.5,2,3\nb,4,5,oops\n")
    values = {"crop": "catalog", "x_column": "x", "y_column": "y"}
    settings = source_settings("catalog", crop_px=8, **values)
    assert place_columns(settings) == [("dataset.x_column", "x"), ("dataset.y_column", "y")]
    table = read_table("dataset.table", tmp_path / "t.csv", place_columns(settings))
    assert read_places(table, settings) == [Place(1.5, 2, None), Place(4, 5, None)]
    sized = source_settings("catalog", size_column="r", **values)
    assert place_columns(sized)[-1] == ("dataset.size_column", "r")
    with pytest.raises(UserError, match="column r holds oops, not a number, line 3"):
        read_places(read_table("dataset.table", tmp_path / "t.csv", place_columns(sized)), sized)
    center = source_settings("catalog", x_column="x", y_column="y")
    assert place_columns(center) == []
    assert read_places(table, center) == [None, None]
