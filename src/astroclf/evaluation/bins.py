"""Accuracy along a column of a catalogue: a magnitude, a redshift, a seeing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from astroclf.errors import UserError
from astroclf.evaluation.intervals import wilson_interval

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Bin:
    """Images whose value lies in [low, high), the last bin including high.

    ci95: Wilson's interval of the accuracy.
    """

    low: float
    high: float
    n: int
    accuracy: float
    ci95: tuple[float, float]


@dataclass(frozen=True)
class BinnedAccuracy:
    """Accuracy along one column.

    n_placed: images that the catalogue gives a value; the others are in no bin.
    n_images: all images.
    """

    column: str
    rows: tuple[Bin, ...]
    n_placed: int
    n_images: int


def accuracy_along(
    columns: Sequence[str],
    *,
    catalog: Path,
    id_column: str,
    ids: np.ndarray,
    correct: np.ndarray,
    bins: int,
) -> list[BinnedAccuracy]:
    """Accuracy in `bins` bins of each column, each with equally many images.

    Where many images share a value, that value stays in one bin, so that bins may differ in size or
    be fewer. Images are found in the catalogue by id, compared as text.

    catalog: a CSV file with a header. ids: (N,) str. correct: (N,) bool.

    Raises UserError if the file is missing or no CSV, a column is not in it or not numeric, an id
    of these images stands there twice, or none of the ids does.
    """
    table = _read_catalog(catalog, id_column, columns).set_index(id_column)
    rows = table[table.index.isin(ids)]
    if rows.empty:
        found = table.index[0] if len(table) else "nothing"
        raise UserError(
            f"evaluation.catalog_id={id_column}: none of the {len(ids):,} image ids (such as "
            f"{ids[0]}) stands in that column of {catalog} (such as {found}): choose the column "
            "that holds them."
        )
    if rows.index.has_duplicates:
        twice = rows.index[rows.index.duplicated()][0]
        raise UserError(
            f"evaluation.catalog={catalog}: the id {twice} stands in it more than once: "
            "keep one row for each image."
        )
    aligned = rows.reindex(ids)
    return [
        _bin_column(column, aligned[column].to_numpy(np.float64), correct, bins)
        for column in columns
    ]


def _bin_column(column: str, values: np.ndarray, correct: np.ndarray, bins: int) -> BinnedAccuracy:
    placed = np.isfinite(values)
    values, hits = values[placed], correct[placed]
    if len(values) == 0:
        return BinnedAccuracy(column, (), 0, len(placed))
    edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)))
    inner = edges[1:-1]
    bin_of = np.searchsorted(inner, values, side="right")
    rows = []
    for index in range(len(inner) + 1):
        inside = hits[bin_of == index]
        low, high = edges[index], edges[min(index + 1, len(edges) - 1)]
        n, n_hits = len(inside), int(inside.sum())
        if n:
            interval = wilson_interval(n_hits, n)
            rows.append(Bin(float(low), float(high), n, n_hits / n, interval))
    return BinnedAccuracy(column, tuple(rows), len(values), len(placed))


def _read_catalog(catalog: Path, id_column: str, columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    if not catalog.is_file():
        raise UserError(f"evaluation.catalog={catalog}: there is no such file.")
    try:
        there = list(pd.read_csv(catalog, nrows=0).columns)
        _check_columns(catalog, id_column, columns, there)
        # Ids stay text: an 18-digit object id would lose its last digits as a float.
        table = pd.read_csv(catalog, usecols=[id_column, *columns], dtype={id_column: str})
    except (ValueError, UnicodeDecodeError) as error:
        raise UserError(
            f"evaluation.catalog={catalog} cannot be read as a CSV table ({error}): "
            "give a CSV file with a header."
        ) from error
    for column in columns:
        if not pd.api.types.is_numeric_dtype(table[column]):
            raise UserError(
                f"evaluation.bin_columns: the column {column} of {catalog} is not numeric: "
                "choose a column of numbers."
            )
    return table


def _check_columns(
    catalog: Path, id_column: str, columns: Sequence[str], there: Sequence[str]
) -> None:
    wanted = {"catalog_id": [id_column], "bin_columns": columns}
    for key, names in wanted.items():
        for name in names:
            if name not in there:
                raise UserError(
                    f"evaluation.{key}: {catalog} has no column {name}; it has {', '.join(there)}."
                )
