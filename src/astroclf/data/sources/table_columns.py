"""Columns of a labeled table that every source with a table shares: ids, targets, groups, splits, positions."""

from __future__ import annotations

import numpy as np

from astroclf.data.dataset import UNASSIGNED
from astroclf.data.sources.labels import (
    class_name,
    ordered_classes,
    split_name,
    warn_of_ambiguous_splits,
    warn_of_similar_classes,
)
from astroclf.errors import UserError, listed
from astroclf.settings import sections
from astroclf.tables import Table


def wanted_columns(settings: sections.LabelColumns) -> list[tuple[str, str]]:
    """Return (key, column) for each column in the settings."""
    keys = ("label", "split", "id", "group", "ra", "dec")
    single = [(f"dataset.{key}_column", getattr(settings, f"{key}_column")) for key in keys]
    votes = [("dataset.vote_columns", column) for column in settings.vote_columns or ()]
    return [(key, column) for key, column in (*single, *votes) if column is not None]


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


def targets_of(
    table: Table, settings: sections.LabelColumns, fewest_classes: int
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the classes and (N,) int64, or the answers and (N, K) float32."""
    if settings.vote_columns is not None:
        return settings.vote_columns, _votes(table, settings.vote_columns)
    labels = [class_name(label) for label in table.filled(str(settings.label_column))]
    classes = ordered_classes(labels)
    if len(classes) < fewest_classes:
        raise UserError(
            f"dataset.label_column={settings.label_column}: the only class is {classes[0]}. Give a table of at least two classes."
        )
    warn_of_similar_classes(classes)
    index = {name: position for position, name in enumerate(classes)}
    return classes, np.array([index[label] for label in labels], np.int64)


def _votes(table: Table, columns: tuple[str, ...]) -> np.ndarray:
    votes = np.stack([table.numbers(column) for column in columns], axis=1)
    wrong = ~((votes >= 0) & (votes <= 1))  # NaN too
    if wrong.any():
        rows = np.flatnonzero(wrong.any(axis=1)).tolist()
        row, column = np.argwhere(wrong)[0]
        raise UserError(
            f"dataset.vote_columns: {len(rows):,} rows have values that are not fractions from 0 to 1, "
            f"{table.where(rows)}; the first has {table.text(columns[column])[row] or 'an empty cell'} "
            f"in {columns[column]}. Correct them, or remove the rows."
        )
    return votes.astype(np.float32)


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
            f"dataset.ra_column and dataset.dec_column: {len(rows):,} rows have values that are not degrees, "
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
