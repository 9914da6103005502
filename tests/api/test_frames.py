from __future__ import annotations

import sys
from pathlib import Path

import pytest

from astroclf.api.frames import joined_frames, make_frame, read_frame
from astroclf.errors import UserError
from astroclf.files import write_csv


def test_ids_stay_text_and_probabilities_are_numbers(tmp_path: Path) -> None:
    file = tmp_path / "predictions.csv"
    rows = [["007", "test", "a", "b", "0.25", "0.75"], ["=1", "val", "b", "b", "0", "1"]]
    write_csv(file, ["id", "split", "truth", "label", "p_a", "p_b"], rows)
    frame = read_frame(file)
    assert frame["id"].tolist() == ["007", "=1"]
    assert frame["p_b"].tolist() == [0.75, 1.0]


def test_without_pandas_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UserError, match="Run: pip install pandas"):
        make_frame({"id": []})


def test_parts_become_one_table_with_rows_counted_from_0() -> None:
    parts = [make_frame({"id": ["a", "b"]}), make_frame({"id": ["c"]})]
    table = joined_frames(parts)
    assert table["id"].tolist() == ["a", "b", "c"]
    assert table.index.tolist() == [0, 1, 2]
