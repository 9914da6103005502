"""Source cutouts: stamps cut from FITS frames around the objects of a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.mosaics.frame_files import list_frames
from astroclf.data.mosaics.frames import Mosaic, open_mosaic
from astroclf.data.sources.labeled_rows import LabeledRows
from astroclf.data.sources.mosaic_rows import cut_rows
from astroclf.data.sources.table_columns import column_ids, wanted_columns
from astroclf.errors import UserError, listed
from astroclf.settings import sections
from astroclf.tables import Table, read_table


def load(settings: sections.Cutouts) -> ImageDataset:
    """Return the stamps of the table, in the order of its rows.

    Images are float32 flux. Positions are right ascension and declination, or pixels of the frame of the
    first band. Labels, splits, ids and groups are those of the source catalog; without an `id_column`
    an id is the number of the row, from 1.

    Raise UserError as the source catalog, for frames that cannot be used (see `open_mosaic`), and for
    stamps that cannot be cut (see `cut_rows`).
    """
    return _load(settings, fewest_classes=2)


def load_labeled(settings: sections.Cutouts) -> ImageDataset:
    """Return the stamps for an evaluation alone: there may be one class only. Otherwise as `load`."""
    return _load(settings, fewest_classes=1)


def _load(settings: sections.Cutouts, fewest_classes: int) -> ImageDataset:
    frames = str(settings.frames)
    is_in_pixels = settings.x_column is not None
    if is_in_pixels:
        settings = settings.model_copy(update={"ra_column": None, "dec_column": None})
    table = read_table("dataset.table", Path(settings.table or ""), _wanted(settings))
    ids = (
        np.arange(1, len(table) + 1).astype(str)
        if settings.id_column is None
        else column_ids(table, settings.id_column)
    )
    rows = LabeledRows.of(table, ids, settings, fewest_classes)
    files = list_frames("dataset.frames", frames, settings.bands, settings.hdu)
    mosaic = open_mosaic(f"dataset.frames={frames}", files, settings.bands)
    if is_in_pixels:
        rows = replace(rows, sky_deg=_positions(table, mosaic, settings))
    return cut_rows(rows, mosaic, settings, frames, settings.hdu)


def _wanted(settings: sections.Cutouts) -> list[tuple[str, str]]:
    keys = ("x_column", "y_column", "field_column")
    named = [(f"dataset.{key}", getattr(settings, key)) for key in keys]
    return [*wanted_columns(settings), *((key, name) for key, name in named if name is not None)]


def _positions(table: Table, mosaic: Mosaic, settings: sections.Cutouts) -> np.ndarray:
    """Return the positions (N, 2) on the sky of pixels of the frames of the first band."""
    x, y = (
        table.numbers(str(name)) - settings.xy_origin
        for name in (settings.x_column, settings.y_column)
    )
    frames = {mosaic.frames[number].field: number for number in mosaic.of_band(mosaic.bands[0])}
    if settings.field_column is None and len(frames) > 1:
        raise UserError(
            f"dataset.x_column={settings.x_column}: x and y are pixels of one frame, and there are {len(frames):,} of band "
            f"{mosaic.bands[0]}. Name the column of their fields as dataset.field_column."
        )
    only = next(iter(frames))
    fields = (
        [only] * len(table)
        if settings.field_column is None
        else table.filled(settings.field_column)
    )
    unknown = sorted(set(fields) - set(frames))
    if unknown:
        raise UserError(
            f"dataset.field_column={settings.field_column}: no frame is of field {listed(unknown, 3)}; they are of "
            f"{listed(frames, 5)}. Write the fields as in the names of the frames."
        )
    wrong = np.flatnonzero(~(np.isfinite(x) & np.isfinite(y))).tolist()
    if wrong:
        raise UserError(
            f"dataset.x_column and dataset.y_column: {len(wrong):,} rows without a pixel, {table.where(wrong)}. "
            "Correct them, or remove the rows."
        )
    sky_deg = np.empty((len(table), 2))
    in_frame = np.array([frames[field] for field in fields])
    for number in np.unique(in_frame):
        rows = in_frame == number
        sky_deg[rows] = np.stack(mosaic.frames[number].projection.sky(x[rows], y[rows]), axis=1)
    return sky_deg
