"""DataFrames of predictions; pandas is imported when the first one is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from astroclf.errors import UserError
from astroclf.files import read_csv

if TYPE_CHECKING:
    import pandas as pd

TEXT_COLUMNS = ("id", "split", "fold", "group", "truth", "label")
TEXT_OF_TABLES = (*TEXT_COLUMNS, "class", "neighbor", "ablation", "given", "suggested", "note")


def make_frame(columns: Mapping[str, object]) -> pd.DataFrame:
    """Return a DataFrame. Raises UserError if pandas is not installed."""
    try:
        import pandas as pd
    except ImportError as error:
        raise UserError(
            "Tables of predictions need pandas, which is not installed. Run: pip install pandas"
        ) from error
    return pd.DataFrame(columns)


def joined_frames(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return DataFrames with the same columns as one, with rows counted from 0."""
    import pandas as pd

    return pd.concat(parts, ignore_index=True)


def read_frame(file: Path) -> pd.DataFrame:
    """Return a predictions.csv: ids and labels as text, all other columns as floats."""
    rows = read_csv(file)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return make_frame(
        {
            name: cells if name in TEXT_COLUMNS else [float(cell) for cell in cells]
            for name, cells in columns.items()
        }
    )


def read_table_frame(file: Path) -> pd.DataFrame:
    """Return a table of an inspection: names as text, all other columns as numbers, NaN where empty."""
    import pandas as pd

    rows = read_csv(file)
    frame = make_frame({name: [row[name] for row in rows] for name in rows[0]} if rows else {})
    for name in set(frame) - set(TEXT_OF_TABLES):
        frame[name] = pd.to_numeric(frame[name], errors="coerce")
    return frame
