"""Numbers of a table beside the image: sample weights and catalog columns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from astroclf.data.dataset import CatalogColumns
from astroclf.errors import UserError, counted
from astroclf.settings import sections
from astroclf.tables import Table

LARGEST_RATIO = 1e6  # of two weights, which keeps their products within float32


def number_columns(settings: sections.TableLabels) -> list[tuple[str, str]]:
    """Return (key, column) for the column of weights and the catalog columns in the settings."""
    weight = settings.weight_column
    wanted = [] if weight is None else [("dataset.weight_column", weight)]
    return wanted + [("model.features_columns", column) for column in settings.features_columns]


@dataclass(frozen=True, eq=False)
class TableNumbers:
    """Numbers of N rows. weights: (N,) float32 sample weights. columns: for the network. None where there are none."""

    weights: np.ndarray | None
    columns: CatalogColumns | None

    def at(self, rows: np.ndarray) -> TableNumbers:
        """Return the numbers of some rows."""
        columns = self.columns
        return TableNumbers(
            None if self.weights is None else self.weights[rows],
            columns and replace(columns, values=columns.values[rows]),
        )


def read_numbers(table: Table, settings: sections.TableLabels) -> TableNumbers:
    """Return the numbers that the settings name. Raise UserError as `read_weights` and `read_columns`."""
    return TableNumbers(
        read_weights(table, settings.weight_column), read_columns(table, settings.features_columns)
    )


def read_weights(table: Table, column: str | None) -> np.ndarray | None:
    """Return (N,) float32 sample weights, None without a column.

    Raise UserError for values that are not positive and finite, or of too different size.
    """
    if column is None:
        return None
    weights = table.numbers(column)
    wrong = np.flatnonzero(~((weights > 0) & np.isfinite(weights))).tolist()
    if wrong:
        raise UserError(
            f"dataset.weight_column={column}: {counted(len(wrong), 'row')} of {table.name} have weights that are not "
            f"above 0 and finite, {table.where(wrong)}; the first has {table.text(column)[wrong[0]] or 'an empty cell'}. "
            "Correct them, or remove the rows."
        )
    if weights.max() > LARGEST_RATIO * weights.min():
        raise UserError(
            f"dataset.weight_column={column}: the largest weight, {weights.max():.3g}, is more than {LARGEST_RATIO:,.0f} times the "
            f"smallest, {weights.min():.3g}. Limit the weights, since one image would outweigh all others."
        )
    return (weights / weights.mean()).astype(np.float32)


def read_columns(table: Table, columns: tuple[str, ...]) -> CatalogColumns | None:
    """Return the catalog columns, NaN where a cell is empty; None without columns.

    Raise UserError for cells that are not numbers, and for infinite numbers.
    """
    if not columns:
        return None
    values = np.stack([table.numbers(column) for column in columns], axis=1)
    wrong = np.abs(values) > np.finfo(np.float32).max  # infinite, once it is float32
    if wrong.any():
        rows = np.flatnonzero(wrong.any(axis=1)).tolist()
        row, column = np.argwhere(wrong)[0]
        raise UserError(
            f"model.features_columns={columns[column]}: {counted(len(rows), 'row')} of {table.name} have numbers that are not finite, "
            f"{table.where(rows)}; the first has {table.text(columns[column])[row]}. Correct them, or leave the cells empty."
        )
    return CatalogColumns(columns, values.astype(np.float32))
