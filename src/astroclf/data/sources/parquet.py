"""Source parquet: images and labels in columns of Parquet or Arrow files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from astroclf.data.arrow import ARROW, PARQUET, ArrowFile
from astroclf.data.dataset import ImageDataset
from astroclf.data.sources.image_stream import ImageStream, Item, oriented, read_stream
from astroclf.data.sources.labels import SPLIT_WORDS, split_name
from astroclf.data.sources.row_labels import label_rows, row_columns, with_pixel_scale
from astroclf.errors import UserError, listed
from astroclf.integrity import hash_sample
from astroclf.settings import sections
from astroclf.tables import Table


def load(settings: sections.Parquet) -> ImageDataset:
    """Return the images of a column, in the order of the files and their rows.

    Images are framed once into the cache. Targets, splits, groups and positions as in `catalog`; an
    id is by default the number of the row, counted over all files.

    Raise UserError for files that cannot be read or that lack a column, and as `catalog.load`.
    """
    return _load(settings, fewest_classes=2)


def load_labeled(settings: sections.Parquet) -> ImageDataset:
    """Return the images for an evaluation alone: there may be one class only. Otherwise as `load`."""
    return _load(settings, fewest_classes=1)


def _load(settings: sections.Parquet, fewest_classes: int) -> ImageDataset:
    parts = find_parts(Path(settings.file or ""))
    for part in parts:
        part.require_images("dataset.image_column", settings.image_column)
    if settings.class_names is None and settings.label_column is not None:
        names = parts[0].class_names(settings.label_column)
        settings = settings.model_copy(update={"class_names": names})
    title = f"dataset.file={settings.file}"
    table = _table(title, parts, settings)
    rows = label_rows(table, settings, fewest_classes, _splits_of_names(parts))
    stream = ImageStream(
        title,
        settings.image_column,
        len(table),
        _identity(parts, settings),
        partial(_items, parts, settings),
    )
    settings = with_pixel_scale(settings, table, None)
    return rows.with_images(read_stream(stream, settings), settings)


def find_parts(path: Path) -> list[ArrowFile]:
    """Return a file, or those of a folder in the order of their names. Raise UserError if there are none."""
    title = f"dataset.file={path}"
    if path.is_file():
        return [ArrowFile(title, path)]
    found = sorted(
        each
        for each in (path.rglob("*") if path.is_dir() else ())
        if each.name.lower().endswith((*PARQUET, *ARROW)) and each.is_file()
    )
    if not found:
        raise UserError(
            f"{title}: no Parquet or Arrow file is there. Give a file, or a folder of files, "
            f"that end in {listed((*PARQUET, *ARROW))}."
        )
    return [ArrowFile(f"dataset.file={each}", each) for each in found]


def _table(title: str, parts: Sequence[ArrowFile], settings: sections.Parquet) -> Table:
    """Return the columns of labels as a table."""
    wanted = row_columns(settings)
    columns = {
        name: [cell for part in parts for cell in part.cells(key, name)] for key, name in wanted
    }
    count = sum(part.count for part in parts)
    return Table(
        title, columns, {name: key for key, name in wanted}, list(range(count)), unit="row"
    )


def _items(parts: Sequence[ArrowFile], settings: sections.Parquet) -> Iterator[Item]:
    for part in parts:
        for image in part.images(settings.image_column):
            yield oriented(image, settings.axes)


def _splits_of_names(parts: Sequence[ArrowFile]) -> np.ndarray | None:
    """Return the split of each row by the name of its file, such as train-00000-of-00002; None if one states none."""
    names = [split_name(part.file.name.partition(".")[0].partition("-")[0]) for part in parts]
    if not set(names) <= set(SPLIT_WORDS):
        return None
    return np.repeat(np.array(names), [part.count for part in parts])


def _identity(parts: Sequence[ArrowFile], settings: sections.Parquet) -> str:
    """Return what changes with the content of the files."""
    files = [(hash_sample(part.file), part.file.stat().st_mtime_ns) for part in parts]
    return f"{files} {settings.image_column} {settings.axes}"
