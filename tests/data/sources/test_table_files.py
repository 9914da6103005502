from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.data.sources.table_files import find_files
from astroclf.errors import UserError
from astroclf.tables import Table

Find = Callable[..., tuple[Path, list[str]]]


@pytest.fixture
def find(tmp_path: Path, source_settings: Callable[..., Any]) -> Find:
    """find(*cells, **settings): the files of a table in tmp_path with these cells."""

    def find_cells(*cells: str, **values: Any) -> tuple[Path, list[str]]:
        lines = list(range(2, 2 + len(cells)))
        columns, keys = {"file": list(cells)}, {"file": "dataset.image_column"}
        table = Table("dataset.table=t.csv", columns, keys, lines, ",")
        values = {"image_column": "file", **values}
        return find_files(
            table, source_settings("catalog", table=str(tmp_path / "t.csv"), **values)
        )

    return find_cells


def test_missing_extensions_and_backslashes_are_completed(tmp_path: Path, find: Find) -> None:
    (tmp_path / "images").mkdir()
    for name in ("1.jpg", "2.PNG", "3.tif"):
        (tmp_path / "images" / name).touch()
    folder, names = find("images/1", "images\\2", "images/3.tif", str(tmp_path / "images/1"))
    assert folder == tmp_path
    assert names == [
        *("images/1.jpg", "images/2.PNG", "images/3.tif"),
        str(tmp_path / "images/1.jpg"),
    ]
    assert find("2", image_root=str(tmp_path / "images")) == (tmp_path / "images", ["2.PNG"])


def test_ambiguous_names_are_refused(tmp_path: Path, find: Find) -> None:
    for name in ("1.jpg", "1.tif"):
        (tmp_path / name).touch()
    with pytest.raises(UserError, match=r"1 is ambiguous: 1\.jpg, 1\.tif\. Add the extension"):
        find("1")
    assert find("1.tif")[1] == ["1.tif"]


def test_missing_files_are_refused_or_kept_as_they_are(tmp_path: Path, find: Find) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/1.jpg").touch()
    (tmp_path / "2.jpg").touch()
    with pytest.raises(UserError, match=r"1 of 2 files .*set dataset\.image_root=.*/images\. Or"):
        find("1", "2")
    assert find("1", "2", on_bad_image="skip")[1] == ["1", "2.jpg"]
    with pytest.raises(UserError, match="2 of 2 files"):
        find("a", "b", on_bad_image="skip")
