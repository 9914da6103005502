"""Tables for the terminal: left-aligned columns, as wide as their longest cell."""

from __future__ import annotations

from collections.abc import Sequence

GAP = 2  # blanks between columns


def text_table(rows: Sequence[Sequence[object]], *, first: int = 0) -> str:
    """Return the rows as lines of text, with aligned columns; rows may be shorter than others.

    first: smallest width of the first column, so that several tables line up.
    """
    cells = [[str(cell) for cell in row] for row in rows]
    n_columns = max(map(len, cells), default=0)
    widths = [max(len(row[k]) for row in cells if k < len(row)) + GAP for k in range(n_columns)]
    if widths:
        widths[0] = max(first, widths[0])
    lines = ("".join(map(str.ljust, row, widths)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)
