"""Columns of a labeled table that every source with a table shares: ids, groups, splits, positions."""

from __future__ import annotations

import numpy as np

from astroclf.data.dataset import UNASSIGNED
from astroclf.data.sources.labels import split_name, warn_of_ambiguous_splits
from astroclf.data.sources.table_labels import label_columns
from astroclf.data.sources.table_numbers import number_columns
from astroclf.errors import UserError, counted, listed
from astroclf.settings import sections
from astroclf.tables import Table


def wanted_columns(settings: sections.LabelColumns) -> list[tuple[str, str]]:
    """Return (key, column) for each column in the settings."""
    keys = ("split", "id", "group", "ra", "dec")
    single = [(f"dataset.{key}_column", getattr(settings, f"{key}_column")) for key in keys]
    wanted = [(key, column) for key, column in single if column is not None]
    return [*label_columns(settings), *wanted, *number_columns(settings)]


def column_ids(table: Table, column: str) -> np.ndarray:
    """Return the ids of a column, (N,) str. Raise UserError unless they are distinct."""
    ids = np.array(table.filled(column), str)
    require_distinct(ids, f"dataset.id_column={column}", table)
    return ids


def require_distinct(ids: np.ndarray, source: str, table: Table) -> None:
    """Raise UserError if an id is in several rows. source: key and value of the settings."""
    values, counts = np.unique(ids, return_counts=True)
    repeated = values[counts > 1]
    if len(repeated):
        raise UserError(
            f"{source}: {len(repeated):,} ids are in several rows of {table.name}: {listed(repeated)}. "
            "Give each image its own."
        )


def groups_of(table: Table, column: str | None) -> np.ndarray | None:
    """Return the groups of a column, (N,) str, or None without a column."""
    return None if column is None else np.array(table.filled(column), str)


def sky_of(table: Table, ra_column: str | None, dec_column: str | None) -> np.ndarray | None:
    """Return (N, 2) float64 right ascension and declination in degrees, or None without columns."""
    if ra_column is None or dec_column is None:
        return None
    columns = (ra_column, dec_column)
    sky_deg = np.stack([table.numbers(column) for column in columns], axis=1)
    wrong = ~np.isfinite(sky_deg).all(axis=1) | ~(np.abs(sky_deg[:, 1]) <= 90)
    if wrong.any():
        rows = np.flatnonzero(wrong).tolist()
        raise UserError(
            f"dataset.ra_column and dataset.dec_column: values of {counted(len(rows), 'row')} are not degrees, "
            f"{table.where(rows)}. Correct them, or remove the rows."
        )
    return sky_deg


def splits_of(table: Table, column: str | None) -> np.ndarray:
    """Return the split of each row, (N,) str: "" for empty cells, and without a column."""
    if column is None:
        return np.full(len(table), UNASSIGNED, str)
    splits = [split_name(name) for name in table.text(column)]
    warn_of_ambiguous_splits(name for name in splits if name)
    return np.array(splits, str)
