"""Labels of sources with images and labels in the same rows: names of whole numbers, ids, pixel scales."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from astroclf.data.sources.labeled_rows import LabeledRows
from astroclf.data.sources.table_columns import column_ids, wanted_columns
from astroclf.data.sources.table_labels import TableTargets
from astroclf.errors import UserError, listed
from astroclf.settings import sections
from astroclf.settings.metrics import VOTES
from astroclf.tables import Table

SCALE_TOLERANCE = 1e-4  # relative; scales in float32 differ less where they are equal

Source = TypeVar("Source", bound=sections.ImageRows)

log = logging.getLogger(__name__)


def row_columns(settings: sections.ImageRows) -> list[tuple[str, str]]:
    """Return (key, column) for each column in the settings."""
    scale = settings.pixel_scale_column
    return wanted_columns(settings) + (
        [] if scale is None else [("dataset.pixel_scale_column", scale)]
    )


def label_rows(
    table: Table,
    settings: sections.ImageRows,
    fewest_classes: int,
    splits: np.ndarray | None = None,
) -> LabeledRows:
    """Return the values of the columns in the settings; an id is the number of its row by default.

    splits: of the rows, used if no column states them. Raise UserError as `LabeledRows.of`, and for
    labels without a class name.
    """
    ids = np.array([str(row) for row in range(len(table))])
    if settings.id_column is not None:
        ids = column_ids(table, settings.id_column)
    rows = _with_class_names(table, ids, settings, fewest_classes)
    return rows if splits is None or settings.split_column else replace(rows, split=splits)


def with_pixel_scale(settings: Source, table: Table, width_px: int | None) -> Source:
    """Return the settings with the pixel scale of the images, if all share it, and the width of the widest.

    width_px: of the part of an image that is used, before it is resized; None if it differs. Raise
    UserError for scales that are not positive, and where the width of neighbors remains unknown.
    """
    if settings.pixel_scale_column is None:
        return settings
    scales = table.numbers(settings.pixel_scale_column)
    wrong = np.flatnonzero(~(scales > 0)).tolist()  # NaN too
    if wrong:
        raise UserError(
            f"dataset.pixel_scale_column={settings.pixel_scale_column}: {len(wrong):,} rows hold no positive number, "
            f"{table.where(wrong)}. Correct them, or set dataset.pixel_scale_column=null."
        )
    smallest, largest = float(scales.min()), float(scales.max())
    is_common = largest - smallest <= SCALE_TOLERANCE * largest
    if not is_common:
        log.info(
            "dataset.pixel_scale_column=%s: pixel scales from %.4g to %.4g arcsec, so that the images have none in common; "
            "neighbors on the sky are found with the width of the largest.",
            settings.pixel_scale_column,
            smallest,
            largest,
        )
    neighbor_arcsec = settings.neighbor_arcsec
    if neighbor_arcsec is None and width_px is not None:
        neighbor_arcsec = largest * width_px
    update = {
        "pixel_scale_arcsec": float(np.median(scales)) if is_common else None,
        "pixel_scale_column": None,
        "neighbor_arcsec": neighbor_arcsec,
    }
    return settings.model_copy(update=update)


def _with_class_names(
    table: Table, ids: np.ndarray, settings: sections.ImageRows, fewest_classes: int
) -> LabeledRows:
    """Return the rows, with the names of whole-number labels if the settings state any."""
    names = settings.class_names
    if names is None or settings.target_kind == VOTES:
        return LabeledRows.of(table, ids, settings, fewest_classes)
    single = () if settings.label_column is None else (settings.label_column,)
    for column in (*single, *(settings.annotator_columns or ())):
        table = _named(table, column, names)
    rows = LabeledRows.of(table, ids, settings, fewest_classes)
    if settings.soft_label_columns is not None:
        return rows
    return replace(rows, labels=_in_order(rows.labels, names))


def _named(table: Table, column: str, names: Sequence[str]) -> Table:
    """Return the table with the names of whole-number labels; empty cells stay empty."""
    numbers, cells = table.numbers(column), table.text(column)
    is_named = np.isin(numbers, np.arange(len(names)))
    wrong = [row for row in np.flatnonzero(~is_named).tolist() if cells[row]]
    if wrong:
        raise UserError(
            f"dataset.class_names names the labels 0 to {len(names) - 1}, but {table.keys[column]}={column} of {table.name} "
            f"holds {listed(dict.fromkeys(cells[row] for row in wrong))}. Name every label, in their order."
        )
    labels = [
        names[int(number)] if named else "" for number, named in zip(numbers, is_named, strict=True)
    ]
    return replace(table, columns={**table.columns, column: labels})


def _in_order(labels: TableTargets, names: Sequence[str]) -> TableTargets:
    """Return the labels with their classes in the order of the names; names without images are left out."""
    classes = tuple(name for name in names if name in labels.classes)
    if len(classes) < len(names):
        log.warning(
            "dataset.class_names: no image is of %s.",
            listed(name for name in names if name not in classes),
        )
    order = [labels.classes.index(name) for name in classes]
    soft = None if labels.soft_targets is None else labels.soft_targets[:, order]
    targets = np.argsort(order)[labels.targets]
    return replace(labels, classes=classes, targets=targets, soft_targets=soft)
