"""Source catalog: a table with one image per row, its file, and a class or vote fractions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.sources.files import ReadFiles, name_ids, read_images
from astroclf.data.sources.table_columns import (
    column_ids,
    groups_of,
    require_distinct,
    sky_of,
    splits_of,
    targets_of,
    wanted_columns,
)
from astroclf.data.sources.table_files import find_files
from astroclf.errors import UserError
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
    wanted = [("dataset.image_column", settings.image_column), *wanted_columns(settings)]
    table = read_table("dataset.table", Path(settings.table or ""), wanted)
    folder, names = find_files(table, settings)
    ids = _ids(table, names, settings)
    classes, targets = targets_of(table, settings, fewest_classes)
    groups = groups_of(table, settings.group_column)
    sky_deg = sky_of(table, settings.ra_column, settings.dec_column)
    read = read_images(folder, names, settings)
    return ImageDataset(
        images=read.images,
        targets=targets[read.kept],
        ids=ids[read.kept],
        classes=classes,
        split=splits_of(table, settings.split_column)[read.kept],
        pixels=read.pixels,
        framing=read.framing,
        groups=None if groups is None else groups[read.kept],
        sky_deg=None if sky_deg is None else sky_deg[read.kept],
        neighbor_arcsec=_neighbor_arcsec(settings, read),
        skipped=read.skipped,
    )


def _ids(table: Table, names: list[str], settings: sections.Catalog) -> np.ndarray:
    if settings.id_column is not None:
        return column_ids(table, settings.id_column)
    ids = name_ids(names)
    require_distinct(ids, f"dataset.image_column={settings.image_column}", table)
    return ids


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
