"""history.csv: one row an epoch, written as the epochs end so that others can watch."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence

from astroclf.files import read_csv
from astroclf.runs.folder import RunFolder


def write_history(folder: RunFolder, rows: Sequence[Mapping[str, float]]) -> None:
    """Replace history.csv by these rows; remove it if there are none."""
    folder.history.unlink(missing_ok=True)
    for row in rows:
        append_history(folder, row)


def append_history(folder: RunFolder, row: Mapping[str, float]) -> None:
    """Append the row of an epoch, below a header if it is the first one."""
    is_new = not folder.history.exists()
    with folder.history.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(row))
        if is_new:
            writer.writeheader()
        writer.writerow(row)


def read_history(folder: RunFolder) -> list[dict[str, float]]:
    """Return the rows of history.csv, with NaN for cells that are no numbers; none without the file.

    A last row that a kill has cut short lacks columns.
    """
    try:
        rows = read_csv(folder.history)
    except FileNotFoundError:
        return []
    return [{name: _number(cell) for name, cell in row.items()} for row in rows]


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan
