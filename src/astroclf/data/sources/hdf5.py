"""Source hdf5: images and labels in arrays of one file, without loading it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.formats import Header
from astroclf.data.hdf5 import Hdf5File
from astroclf.data.image_arrays import Axes, depth_of_values, find_axes, header_of, to_nchw
from astroclf.data.sources.files import ReadFiles
from astroclf.data.sources.image_stream import ImageStream, read_stream
from astroclf.data.sources.mapped_images import map_images
from astroclf.data.sources.row_labels import label_rows, row_columns, with_pixel_scale
from astroclf.errors import UserError
from astroclf.integrity import hash_sample
from astroclf.settings import sections
from astroclf.tables import Table

KEY = "dataset.images_array"
BLOCK_BYTES = 2**25  # read at a time
ORDER = {"nhw": "(N, height, width)", "nchw": "(N, bands, height, width)", "nhwc": "(N, height, width, bands)"}  # fmt: skip

log = logging.getLogger(__name__)


def load(settings: sections.Hdf5) -> ImageDataset:
    """Return the images of an array, in its order, with the values of others as labels.

    An uncompressed array of uint8 or float32 that needs no framing is a memory map of the file; any
    other is framed once into the cache. Targets, splits, groups and positions as in `catalog`; an id
    is by default the position in the array.

    Raise UserError for a file that cannot be read, an array that it does not have, arrays of
    different length, links, objects, axes that fit several orders, and as `catalog.load`.
    """
    return _load(settings, fewest_classes=2)


def load_labeled(settings: sections.Hdf5) -> ImageDataset:
    """Return the images for an evaluation alone: there may be one class only. Otherwise as `load`."""
    return _load(settings, fewest_classes=1)


def _load(settings: sections.Hdf5, fewest_classes: int) -> ImageDataset:
    file = Path(settings.file or "")
    content = Hdf5File(f"dataset.file={file}", file)
    array = content.array(KEY, settings.images_array)
    axes = _axes(content, array, settings)
    header = _header(content, array, axes, settings)
    table, settings = _table(content, len(array), settings)
    rows = label_rows(table, settings, fewest_classes)
    settings = with_pixel_scale(settings, table, settings.crop_px or header.square_px)
    return rows.with_images(_read(content, array, axes, settings), settings)


def _read(content: Hdf5File, array: Any, axes: Axes, settings: sections.Hdf5) -> ReadFiles:
    """Return the images as a memory map of the file where that is possible, else through the cache."""
    state = content.file.stat()
    identity = (hash_sample(content.file), state.st_mtime_ns, array.name, array.shape, axes)
    mapped = content.mapped(array)
    if mapped is not None:
        read = map_images(to_nchw(mapped, axes), str(identity), settings)
        if read is not None:
            return read
    stream = ImageStream(
        content.title,
        settings.images_array,
        len(array),
        str(identity),
        partial(_items, array, axes),
    )
    return read_stream(stream, settings)


def _items(array: Any, axes: Axes) -> Iterator[np.ndarray]:
    """Yield the images (C, H, W), read in whole chunks of the file."""
    chunk_rows = array.chunks[0] if array.chunks else 1
    row_bytes = max(1, array[:1].nbytes)
    rows = max(1, BLOCK_BYTES // (row_bytes * chunk_rows)) * chunk_rows
    for start in range(0, len(array), rows):
        yield from to_nchw(array[start : start + rows], axes)


def _axes(content: Hdf5File, array: Any, settings: sections.Hdf5) -> Axes:
    place = f"{KEY}={settings.images_array} of {content.title}"
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise UserError(
            f"{place} has the shape {array.shape}. Give an array (N, height, width), or of 4 axes with the bands second or last."
        )
    axes = find_axes(array.shape)
    if settings.axes != "auto" and array.ndim == 4:
        axes = settings.axes
    if axes is None:
        raise UserError(
            f"{place} has the shape {array.shape}, in which bands, rows and columns are ambiguous. "
            "Set dataset.axes=nchw if the bands are second, or dataset.axes=nhwc if they are last."
        )
    log.info("%s: shape %s, read as %s.", place, array.shape, ORDER[axes])
    return axes


def _header(content: Hdf5File, array: Any, axes: Axes, settings: sections.Hdf5) -> Header:
    """Return the header of each image. Raise UserError if none could be used."""
    place = f"{KEY}={settings.images_array} of {content.title}"
    depth = depth_of_values(array.dtype)
    if depth is None:
        raise UserError(f"{place} holds values of {array.dtype}. Give real numbers.")
    header = header_of(to_nchw(np.broadcast_to(np.uint8(0), array.shape), axes).shape, depth)
    if settings.crop_px is not None and header.square_px < settings.crop_px:
        raise UserError(
            f"dataset.crop_px={settings.crop_px} is larger than the images of {header.width_px} x {header.height_px} px. "
            f"Choose {header.square_px} at most."
        )
    return header


def _table(content: Hdf5File, count: int, settings: sections.Hdf5) -> tuple[Table, sections.Hdf5]:
    """Return the arrays with one value an image as a table, and the settings with its vote columns."""
    votes = _votes(content, count, settings)
    if votes:
        settings = settings.model_copy(update={"vote_columns": tuple(votes)})
    wanted = row_columns(settings)
    columns = {
        name: votes[name] if name in votes else content.cells(key, name, count)
        for key, name in wanted
    }
    keys = {name: key for key, name in wanted}
    return Table(content.title, columns, keys, list(range(count)), unit="row"), settings


def _votes(content: Hdf5File, count: int, settings: sections.Hdf5) -> dict[str, list[str]]:
    """Return answer -> vote fractions, of one array (N, K) or of one array an answer."""
    key, names = "dataset.vote_columns", settings.vote_columns or ()
    arrays = [content.array(key, name) for name in names]
    if len(arrays) != 1 or arrays[0].ndim != 2 or arrays[0].shape[1] == 1:
        return {name: content.cells(key, name, count) for name in names}
    if len(arrays[0]) != count:
        raise UserError(
            f"{key}={names[0]} of {content.title} has the shape {arrays[0].shape}, not one row for each of {count:,} images."
        )
    values = arrays[0][()]
    answers = settings.class_names or tuple(f"{names[0]} {k}" for k in range(values.shape[1]))
    if len(answers) != values.shape[1]:
        raise UserError(
            f"dataset.class_names names {len(answers)} answers, but {key}={names[0]} holds {values.shape[1]}. Name each, in their order."
        )
    return {
        answer: [str(value) for value in values[:, k].tolist()] for k, answer in enumerate(answers)
    }
