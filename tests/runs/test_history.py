from __future__ import annotations

import math
from pathlib import Path

from astroclf.runs.folder import RunFolder
from astroclf.runs.history import append_history, read_history, write_history


def test_each_epoch_appends_a_row(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    rows = [{"epoch": n, "val_loss": 1 / n} for n in (1, 2, 3)]
    for n, row in enumerate(rows, start=1):
        append_history(folder, row)
        assert read_history(folder) == rows[:n]


def test_history_is_rewritten_without_rows_that_are_uncertain(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.history.write_text("epoch,val_loss\n1,0.5\n2,0.4\n3,0.")
    write_history(folder, [{"epoch": 1, "val_loss": 0.5}])
    assert read_history(folder) == [{"epoch": 1, "val_loss": 0.5}]
    write_history(folder, [])
    assert not folder.history.exists()
    assert read_history(folder) == []


def test_row_that_was_cut_short_lacks_columns(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.history.write_text("epoch,lr,val_loss\n1,0.1,0.5\n2,x")
    first, second = read_history(folder)
    assert first == {"epoch": 1, "lr": 0.1, "val_loss": 0.5}
    assert second["epoch"] == 2
    assert math.isnan(second["lr"])
    assert "val_loss" not in second
