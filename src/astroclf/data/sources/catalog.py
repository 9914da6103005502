"""Source catalog: a table with one image per row, its file, and a class or vote fractions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from astroclf.data.dataset import UNASSIGNED, ImageDataset
from astroclf.data.sources.files import ReadFiles, name_ids, read_images
from astroclf.data.sources.labels import (
    class_name,
    ordered_classes,
    split_name,
    warn_of_ambiguous_splits,
    warn_of_similar_classes,
)
from astroclf.data.sources.table_files import find_files
from astroclf.errors import UserError, listed
from astroclf.settings import sections
from astroclf.tables import Table, read_table


def load(settings: sections.Catalog) -> ImageDataset:
    """Return the images of the table, in the order of its rows.

    Images are uint8 0-255, or float32 counts from files of 16 bits; paths start from `image_root`,
    or from the folder of the table. Targets are indices into the ordered class names of
    `label_column`, or the fractions of `vote_columns`. Splits are those of `split_column` (see
    `labels.split_name`), "" for empty cells. Without an `id_column`, an id is the name of the file
    without extension, or its path if several files have that name.

    Raise UserError for a table that is missing or empty, a column it does not have, files that are
    missing, empty cells, positions that are not degrees, ids that are not unique, votes outside
    [0, 1], fewer than two classes, and as `files.read_images`.
    """
    return _load(settings, fewest_classes=2)


def load_labeled(settings: sections.Catalog) -> ImageDataset:
    """Return the images for an evaluation alone: there may be one class only. Otherwise as `load`."""
    return _load(settings, fewest_classes=1)


def _load(settings: sections.Catalog, fewest_classes: int) -> ImageDataset:
    table = read_table("dataset.table", Path(settings.table or ""), _wanted_columns(settings))
    folder, names = find_files(table, settings)
    ids = _ids(table, names, settings)
    classes, targets = _targets(table, settings, fewest_classes)
    groups = None
    if settings.group_column is not None:
        groups = np.array(table.filled(settings.group_column), str)
    sky_deg = _sky(table, settings)
    read = read_images(folder, names, settings)
    return ImageDataset(
        images=read.images,
        targets=targets[read.kept],
        ids=ids[read.kept],
        classes=classes,
        split=_splits(table, settings.split_column)[read.kept],
        pixels=read.pixels,
        framing=read.framing,
        groups=None if groups is None else groups[read.kept],
        sky_deg=None if sky_deg is None else sky_deg[read.kept],
        neighbor_arcsec=_neighbor_arcsec(settings, read),
        skipped=read.skipped,
    )


def _wanted_columns(settings: sections.Catalog) -> list[tuple[str, str]]:
    """Return (key, column) for each column in the settings."""
    keys = ("image", "label", "split", "id", "group", "ra", "dec")
    single = [(f"dataset.{key}_column", getattr(settings, f"{key}_column")) for key in keys]
    votes = [("dataset.vote_columns", column) for column in settings.vote_columns or ()]
    return [(key, column) for key, column in (*single, *votes) if column is not None]


def _ids(table: Table, names: list[str], settings: sections.Catalog) -> np.ndarray:
    if settings.id_column is None:
        ids, source = name_ids(names), f"dataset.image_column={settings.image_column}"
    else:
        ids = np.array(table.filled(settings.id_column), str)
        source = f"dataset.id_column={settings.id_column}"
    values, counts = np.unique(ids, return_counts=True)
    repeated = values[counts > 1]
    if len(repeated):
        raise UserError(
            f"{source}: {len(repeated):,} ids are in several rows of {table.name}: {listed(repeated)}. "
            "Give each image its own."
        )
    return ids


def _targets(
    table: Table, settings: sections.Catalog, fewest_classes: int
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


def _neighbor_arcsec(settings: sections.Catalog, read: ReadFiles) -> float:
    """Return the width in the settings, else that of an image; 0 if no positions are known."""
    if settings.neighbor_arcsec is not None or settings.ra_column is None:
        return settings.neighbor_arcsec or 0.0
    if read.pixels.pixel_scale_arcsec is None:
        raise UserError(
            "dataset.neighbor_arcsec is not set, and images of different sizes have no common width to use instead. "
            "Set dataset.neighbor_arcsec or dataset.crop_px."
        )
    return read.pixels.pixel_scale_arcsec * read.images.shape[-1]


def _sky(table: Table, settings: sections.Catalog) -> np.ndarray | None:
    """Return (N, 2) float64 right ascension and declination in degrees, or None without columns."""
    if settings.ra_column is None or settings.dec_column is None:
        return None
    columns = (settings.ra_column, settings.dec_column)
    sky_deg = np.stack([table.numbers(column) for column in columns], axis=1)
    wrong = ~np.isfinite(sky_deg).all(axis=1) | ~(np.abs(sky_deg[:, 1]) <= 90)
    if wrong.any():
        rows = np.flatnonzero(wrong).tolist()
        raise UserError(
            f"dataset.ra_column and dataset.dec_column: {len(rows):,} rows have values that are not degrees, "
            f"{table.where(rows)}. Correct them, or remove the rows."
        )
    return sky_deg


def _splits(table: Table, column: str | None) -> np.ndarray:
    if column is None:
        return np.full(len(table), UNASSIGNED, str)
    splits = [split_name(name) for name in table.text(column)]
    warn_of_ambiguous_splits(name for name in splits if name)
    return np.array(splits, str)
