"""Source catalog: a table with one image per row, its file, and its label."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.sources.files import name_ids, read_image_files
from astroclf.data.sources.labeled_rows import LabeledRows
from astroclf.data.sources.places import place_columns
from astroclf.data.sources.table_columns import column_ids, require_distinct, wanted_columns
from astroclf.data.sources.table_files import find_images, image_columns
from astroclf.data.sources.table_labels import vote_columns
from astroclf.settings import sections
from astroclf.tables import Table, read_table


def load(settings: sections.Catalog) -> ImageDataset:
    """Return the images of the table, in the order of its rows.

    Images are uint8 0-255, or float32 counts from files of 16 bits; paths start from `image_root`,
    or from the folder of the table. Targets are those of `table_labels.read_labels`. Splits are those of `split_column` (see
    `labels.split_name`), "" for empty cells. Without an `id_column`, an id is the name of the file
    without extension, or its path if several files have that name.

    Raise UserError for a table that is missing or empty, a column it does not have, files that are
    missing, empty cells, positions that are not degrees, ids that are not unique, labels as
    `table_labels`, numbers as `table_numbers`, and as `files.read_images`.
    """
    return _load(settings, fewest_classes=2)


def load_labeled(settings: sections.Catalog) -> ImageDataset:
    """Return the images for an evaluation alone: there may be one class only. Otherwise as `load`."""
    return _load(settings, fewest_classes=1)


def _load(settings: sections.Catalog, fewest_classes: int) -> ImageDataset:
    wanted = [*image_columns(settings), *wanted_columns(settings), *place_columns(settings)]
    path = Path(settings.table or "")
    voted = vote_columns(settings)
    if voted is not None:
        voted.require("dataset.table", path)
    table = read_table("dataset.table", path, wanted)
    images = find_images(table, settings)
    ids = _ids(table, [image.name for image in images], settings)
    rows = LabeledRows.of(table, ids, settings, fewest_classes)
    return rows.with_images(read_image_files(images, settings), settings)


def _ids(table: Table, names: list[str], settings: sections.Catalog) -> np.ndarray:
    if settings.id_column is not None:
        return column_ids(table, settings.id_column)
    ids = name_ids(names)
    require_distinct(ids, "=".join(image_columns(settings)[0]), table)
    return ids
