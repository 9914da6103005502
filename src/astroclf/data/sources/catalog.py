"""A table with one image a row: its file, and a class or vote fractions."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from astroclf.data.dataset import UNASSIGNED, ImageDataset
from astroclf.data.sources.files import ReadFiles, name_ids, read_images
from astroclf.data.sources.labels import ordered_classes, split_name, warn_of_look_alikes
from astroclf.errors import UserError
from astroclf.settings import sections

LISTED = 10  # rows or files that a message names


def load(settings: sections.Catalog) -> ImageDataset:
    """The images of the table, in the order of its rows.

    Images are uint8 0-255, or float32 counts from files of 16 bits; paths are relative to the
    table. Targets are indices into the ordered class names of `label_column`, or the fractions of
    `vote_columns`. Splits are those of `split_column` (see `labels.split_name`), "" where
    it says nothing. Without an `id_column` an id is the file's name without its extension, or its
    path where several files have that name.

    Raises UserError for a table that is missing or empty, a column it does not have, files that are
    missing, empty cells, positions that are not degrees, ids that are not unique, votes outside [0, 1], fewer than two classes, and
    as `files.read_images`.
    """
    path = Path(settings.table or "")
    table = _read_table(path, settings)
    names = _filled(table, settings.image_column, "dataset.image_column").tolist()
    _check_files(path, names)
    ids = _ids(table, names, settings)
    classes, targets = _targets(table, settings)
    groups = None
    if settings.group_column is not None:
        groups = _filled(table, settings.group_column, "dataset.group_column")
    sky_deg = _sky(table, settings)
    read = read_images(path.parent, names, settings)
    return ImageDataset(
        images=read.images,
        targets=targets[read.kept],
        ids=ids[read.kept],
        classes=classes,
        split=_splits(table, settings.split_column)[read.kept],
        pixels=read.pixels,
        groups=None if groups is None else groups[read.kept],
        sky_deg=None if sky_deg is None else sky_deg[read.kept],
        neighbour_arcsec=_neighbour_arcsec(settings, read),
        skipped=read.skipped,
    )


def _read_table(path: Path, settings: sections.Catalog) -> pd.DataFrame:
    """Every column that is asked for, as text."""
    if not path.is_file():
        raise UserError(f"dataset.table={path} is not a file: give the CSV that lists the images.")
    try:
        there = pd.read_csv(path, nrows=0).columns.tolist()
        wanted = _wanted_columns(settings)
        for key, column in wanted:
            if column not in there:
                near = difflib.get_close_matches(column, there, n=1)
                hint = f"; did you mean {near[0]}?" if near else "."
                raise UserError(
                    f"{key}={column} is not a column of {path}, which has {', '.join(there)}{hint}"
                )
        table = pd.read_csv(path, dtype=str, usecols=[column for _, column in wanted])
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise UserError(f"dataset.table={path} cannot be read as CSV: {error}.") from error
    if table.empty:
        raise UserError(f"dataset.table={path} has no rows: it should list one image a row.")
    return table


def _wanted_columns(settings: sections.Catalog) -> list[tuple[str, str]]:
    """(key, column) for each column that the settings name."""
    keys = ("image", "label", "split", "id", "group", "ra", "dec")
    single = [(f"dataset.{key}_column", getattr(settings, f"{key}_column")) for key in keys]
    votes = [("dataset.vote_columns", column) for column in settings.vote_columns or ()]
    return [(key, column) for key, column in (*single, *votes) if column is not None]


def _check_files(path: Path, names: list[str]) -> None:
    missing = [name for name in names if not (path.parent / name).is_file()]
    if missing:
        raise UserError(
            f"{len(missing):,} of {len(names):,} files of dataset.table={path} are missing, looked for in "
            f"{path.parent}: {_listed(missing)}."
        )


def _ids(table: pd.DataFrame, names: list[str], settings: sections.Catalog) -> np.ndarray:
    if settings.id_column is None:
        ids, source = name_ids(names), "dataset.image_column"
    else:
        ids, source = _filled(table, settings.id_column, "dataset.id_column"), "dataset.id_column"
    values, counts = np.unique(ids, return_counts=True)
    repeated = values[counts > 1]
    if len(repeated):
        raise UserError(
            f"{len(repeated):,} ids of {source} stand in several rows: {_listed(repeated)}; each image needs its own."
        )
    return ids


def _targets(table: pd.DataFrame, settings: sections.Catalog) -> tuple[tuple[str, ...], np.ndarray]:
    """The classes and (N,) int64, or the answers and (N, K) float32."""
    if settings.vote_columns is not None:
        return settings.vote_columns, _votes(table[list(settings.vote_columns)])
    labels = _filled(table, str(settings.label_column), "dataset.label_column")
    classes = ordered_classes(labels.tolist())
    if len(classes) < 2:
        raise UserError(
            f"dataset.label_column={settings.label_column} has one class, {classes[0]}: there must be two to tell apart."
        )
    warn_of_look_alikes(classes)
    index = {name: position for position, name in enumerate(classes)}
    return classes, np.array([index[label] for label in labels], np.int64)


def _votes(columns: pd.DataFrame) -> np.ndarray:
    votes = columns.apply(pd.to_numeric, errors="coerce").to_numpy(np.float32)
    wrong = ~((votes >= 0) & (votes <= 1))  # NaN too
    if wrong.any():
        rows = np.flatnonzero(wrong.any(axis=1))
        row, column = np.argwhere(wrong)[0]
        raise UserError(
            f"dataset.vote_columns should hold fractions from 0 to 1: {len(rows):,} rows do not, "
            f"{_row_numbers(rows)}; the first has {columns.iat[row, column]!s} in {columns.columns[column]}."
        )
    return votes


def _neighbour_arcsec(settings: sections.Catalog, read: ReadFiles) -> float:
    """What the settings say, else the width of an image; 0 where no positions are known."""
    if settings.neighbour_arcsec is not None or settings.ra_column is None:
        return settings.neighbour_arcsec or 0.0
    if read.pixels.pixel_scale_arcsec is None:
        raise UserError(
            "dataset.neighbour_arcsec is not set, and images of different sizes have no common width to take instead."
        )
    return read.pixels.pixel_scale_arcsec * read.images.shape[-1]


def _sky(table: pd.DataFrame, settings: sections.Catalog) -> np.ndarray | None:
    """(N, 2) float64 right ascension and declination, degrees. Raises UserError if one is not."""
    if settings.ra_column is None or settings.dec_column is None:
        return None
    columns = table[[settings.ra_column, settings.dec_column]]
    sky_deg = columns.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(sky_deg).all(axis=1) | ~(np.abs(sky_deg[:, 1]) <= 90)
    if wrong.any():
        rows = np.flatnonzero(wrong)
        raise UserError(
            f"dataset.ra_column and dataset.dec_column should hold degrees: {len(rows):,} rows do not, {_row_numbers(rows)}."
        )
    return sky_deg


def _splits(table: pd.DataFrame, column: str | None) -> np.ndarray:
    if column is None:
        return np.full(len(table), UNASSIGNED, str)
    return np.array([split_name(name) for name in table[column].fillna(UNASSIGNED)], str)


def _filled(table: pd.DataFrame, column: str, key: str) -> np.ndarray:
    """The column as (N,) str. Raises UserError if a cell is empty."""
    empty = np.flatnonzero(table[column].isna())
    if len(empty):
        raise UserError(
            f"{key}={column} is empty in {len(empty):,} rows, {_row_numbers(empty)}: fill them in, or remove the rows."
        )
    return table[column].to_numpy(str)


def _row_numbers(positions: np.ndarray) -> str:
    return f"rows {_listed(positions + 1)} (the first below the header is row 1)"


def _listed(values: Iterable[object]) -> str:
    named = [str(value) for value in values]
    return ", ".join([*named[:LISTED], *(["..."] if len(named) > LISTED else [])])
