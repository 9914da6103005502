"""Source hub: data sets of the Hugging Face hub, or folders in their layouts, streamed once into the cache."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from astroclf.data.arrow import holds_images, images_of
from astroclf.data.dataset import ImageDataset
from astroclf.data.sources.image_stream import (
    ImageStream,
    Item,
    describe_stream,
    oriented,
    store_stream,
)
from astroclf.data.sources.labels import split_name
from astroclf.data.sources.row_labels import label_rows, row_columns, with_pixel_scale
from astroclf.data.store import Notes
from astroclf.errors import UserError, listed, one_line
from astroclf.files import read_json, write_json
from astroclf.integrity import hash_bytes
from astroclf.settings import sections
from astroclf.tables import Table

ROWS = 32  # read at a time

log = logging.getLogger(__name__)


def load(settings: sections.Hub) -> ImageDataset:
    """Return the images of all splits, in their order; splits have the names of the hub.

    Code of a repository is never run. Targets, splits, groups and positions as in `catalog`.

    Raise UserError if the repository cannot be reached and is not in the cache, lacks a column, and as
    `catalog.load`.
    """
    return _load(settings, fewest_classes=2)


def load_labeled(settings: sections.Hub) -> ImageDataset:
    """Return the images for an evaluation alone: there may be one class only. Otherwise as `load`."""
    return _load(settings, fewest_classes=1)


def _load(settings: sections.Hub, fewest_classes: int) -> ImageDataset:
    state = find_state(settings)
    reader = HubReader(settings, state)
    key = f"{settings.repo} {settings.config} {state} {settings.image_column} {settings.axes}"
    stream = ImageStream(reader.title, settings.image_column, None, key, reader.items, reader.notes)
    stored = store_stream(stream, settings)
    columns: Mapping[str, list[str]] = stored.notes["columns"]
    for wanted, name in row_columns(settings):
        if name not in columns:
            raise UserError(
                f"{wanted}={name} is not a column of {reader.title}, which has {listed(columns)}."
            )
    if settings.class_names is None:
        names = stored.notes["class_names"].get(settings.label_column)
        settings = settings.model_copy(update={"class_names": names and tuple(names)})
    keys = {name: wanted for wanted, name in row_columns(settings)}
    splits = np.array(stored.notes["splits"], str)
    table = Table(reader.title, dict(columns), keys, list(range(len(splits))), unit="row")
    rows = label_rows(table, settings, fewest_classes, splits)
    settings = with_pixel_scale(settings, table, None)
    return rows.with_images(describe_stream(stored, stream, settings), settings)


def find_state(settings: sections.Hub) -> str:
    """Return what changes with the content: the commit of a repository, or the files of a folder.

    One attempt is made to reach the hub; where it fails, or HF_HUB_OFFLINE is set, the commit that was
    read last is returned. Raise UserError if there is none.
    """
    folder = Path(settings.repo or "")
    if folder.is_dir():
        files = sorted(each for each in folder.rglob("*") if each.is_file())
        state = [(str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
        return hash_bytes(str(state).encode())
    wanted = hash_bytes(f"{settings.repo} {settings.config} {settings.revision}".encode())[:20]
    known = Path(settings.cache) / f"hub-{wanted}.json"
    try:
        from huggingface_hub import HfApi

        found = HfApi().dataset_info(
            str(settings.repo), revision=settings.revision, timeout=settings.timeout_s
        )
    except Exception as error:  # of the network, of the name, or HF_HUB_OFFLINE
        if known.is_file():
            commit = str(read_json(known)["commit"])
            log.warning("%s: not reached; using commit %s from the cache.", settings.repo, commit)
            return commit
        raise UserError(
            f"dataset.repo={settings.repo} is no folder, and the hub has no answer within {settings.timeout_s:g} s "
            f"({one_line(error, 120)}). Check the name and the network, or give a folder."
        ) from error
    known.parent.mkdir(parents=True, exist_ok=True)
    write_json(known, {"commit": found.sha})
    return str(found.sha)


class HubReader:
    """Rows of a data set: their images as a stream, and the other columns once these are read."""

    def __init__(self, settings: sections.Hub, state: str) -> None:
        self.title = f"dataset.repo={settings.repo}"
        self._settings, self._state = settings, state
        self._columns: dict[str, list[str]] = {}
        self._splits: list[str] = []
        self._class_names: dict[str, list[str]] = {}

    def items(self) -> Iterator[Item]:
        """Yield the images of all splits; their other columns are kept."""
        settings, column = self._settings, self._settings.image_column
        for split, rows in self._opened().items():
            features = rows.features or {}
            if column not in features:
                raise UserError(
                    f"dataset.image_column={column} is not a column of {self.title}, which has {listed(features)}."
                )
            self._class_names = {
                n: list(f.names) for n, f in features.items() if hasattr(f, "names")
            }
            for batch in rows.with_format("arrow").iter(ROWS):
                self._keep(batch, column)
                self._splits += [split_name(split)] * batch.num_rows
                for part in batch.column(column).chunks:
                    for image, path in zip(images_of(part), _paths(part), strict=True):
                        yield oriented(image, settings.axes) if image is not None else _read(path)

    def notes(self) -> Notes:
        """Return the columns of the rows that were read."""
        return {"columns": self._columns, "splits": self._splits, "class_names": self._class_names}

    def _opened(self) -> Mapping[str, Any]:
        try:
            from datasets import Image, IterableDatasetDict, load_dataset
        except ImportError as error:
            raise UserError(
                f"{self.title}: data sets of the hub need datasets. Run: pip install 'astroclf[hub]'"
            ) from error
        repo, is_folder = str(self._settings.repo), Path(str(self._settings.repo)).is_dir()
        try:
            found = load_dataset(
                repo,
                self._settings.config,
                revision=None if is_folder else self._state,
                streaming=True,
            )
        except Exception as error:  # of the network, of the layout, or of a repository that is code
            raise UserError(f"{self.title} cannot be read ({one_line(error)}).") from error
        assert isinstance(found, IterableDatasetDict)
        column = self._settings.image_column
        return {
            split: rows.cast_column(column, Image(decode=False))
            if isinstance((rows.features or {}).get(column), Image)
            else rows
            for split, rows in found.items()
        }

    def _keep(self, batch: Any, image_column: str) -> None:
        from pyarrow import types

        for name in batch.schema.names:
            kind = batch.schema.field(name).type
            if name == image_column or types.is_nested(kind) or holds_images(kind):
                continue
            cells = ["" if v is None else str(v) for v in batch.column(name).to_pylist()]
            self._columns.setdefault(name, []).extend(cells)


def _paths(column: Any) -> list[str | None]:
    from pyarrow import types

    if not types.is_struct(column.type):
        return [None] * len(column)
    return [row and row.get("path") for row in column.to_pylist()]


def _read(path: str | None) -> Item:
    """Return the content of a file of the data set, as `datasets` names it."""
    if path is None:
        return None
    import fsspec

    with fsspec.open(path, "rb") as stream:
        content: bytes = stream.read()
    return content
