from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyarrow import parquet

from astroclf.files import read_csv
from astroclf.runs.folder import RunFolder
from astroclf.runs.prediction_table import Columns, PredictionTable, prediction_table

NAMES = ("id", "p", "reason")


def chunk(start: int, stop: int) -> Columns:
    rows = range(start, stop)
    shares = np.array([np.nan if row % 3 == 0 else row / 7 for row in rows])
    return {"id": [f"={row}" for row in rows], "p": shares, "reason": ["a, b"] * len(rows)}


def ids(table: PredictionTable) -> list[str]:
    return [id.lstrip("'=") for part in table.read(["id"]) for id in part["id"]]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_table_holds_all_chunks(tmp_path: Path, kind: str) -> None:
    folder = RunFolder(tmp_path)
    table = prediction_table(folder, kind, NAMES)
    table.truncate(0)
    table.append(chunk(0, 5))
    table.append(chunk(5, 7))
    assert not table.file.exists()
    table.finish()
    assert not table.draft.exists()
    assert ids(table) == [str(row) for row in range(7)]
    if kind == "csv":
        rows = read_csv(table.file)
        assert rows[3] == {"id": "=3", "p": "", "reason": "a, b"}
        assert rows[1]["p"] == "0.142857"
    else:
        content = parquet.read_table(table.file).to_pydict()
        assert content["id"][3] == "=3"
        assert content["p"][:2] == [None, 1 / 7]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=6), kills=st.data())
def test_no_row_is_twice_or_missing_whenever_a_run_is_killed(
    tmp_path: Path, kind: str, sizes: list[int], kills: st.DataObject
) -> None:
    """Chunks that were written but not counted, whole or in part, are written again."""
    folder = RunFolder(tmp_path)
    table = prediction_table(folder, kind, NAMES)
    rows = position = 0
    table.truncate(0)
    for size in sizes:
        while kills.draw(st.booleans()):
            table.append(chunk(rows, rows + size))
            if kind == "csv" and position:
                cut = kills.draw(st.integers(position, table.draft.stat().st_size))
                with table.draft.open("rb+") as stream:
                    stream.truncate(cut)
            table = prediction_table(folder, kind, NAMES)
            table.truncate(position)
        position = table.append(chunk(rows, rows + size))
        rows += size
    table.finish()
    assert ids(table) == [str(row) for row in range(rows)]
    table.file.unlink()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_all_rows_are_read_in_parts(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("astroclf.runs.prediction_table.ROWS_AT_ONCE", 3)
    table = prediction_table(RunFolder(tmp_path), kind, NAMES)
    table.truncate(0)
    table.append(chunk(0, 10))
    table.finish()
    assert [len(part["id"]) for part in table.read(["id"])] == [3, 3, 3, 1]
    assert ids(table) == [str(row) for row in range(10)]


def test_a_table_with_a_broken_row_is_refused(tmp_path: Path) -> None:
    table = prediction_table(RunFolder(tmp_path), "csv", NAMES)
    table.file.write_text("id,p,reason\n1,2\n")
    with pytest.raises(ValueError, match="another number of cells"):
        list(table.read(["id"]))
