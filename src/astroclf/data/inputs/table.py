"""Images whose paths are in a column of a CSV or Parquet table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from astroclf.data.crops import CatalogCrop
from astroclf.data.formats import BadImage
from astroclf.data.framing import Framed, Framing
from astroclf.data.inputs.names import FileIds, Names
from astroclf.data.inputs.source import ImageInput, Row
from astroclf.data.sources.table_files import find_file, list_completions
from astroclf.errors import UserError, listed, one_line
from astroclf.integrity import hash_file
from astroclf.tables import read_column_names, read_table

LIKELY = ("path", "file", "filename", "file_name", "image", "image_path", "image_file")
PARQUET = (".parquet", ".pq")


@dataclass(frozen=True)
class Columns:
    """Columns of the table that are read: of paths (one, or one per band), of ids (None: the file
    names), kept ones, and those of the position of the object for crops around it."""

    paths: tuple[str, ...]
    id: str | None
    kept: tuple[str, ...]
    place: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, each once."""
        wanted = (*self.paths, *((self.id,) if self.id else ()), *self.kept, *self.place)
        return tuple(dict.fromkeys(wanted))


class TableInput(ImageInput):
    """Image files in the order of the rows of a table.

    The columns that are read take some 8 bytes beyond its text for each cell.
    """

    def __init__(
        self, title: str, table: Path, folder: Path, columns: Columns, framing: Framing
    ) -> None:
        self.title, self._table, self._folder, self._framing = title, table, folder, framing
        self.columns, self.left_out = columns.kept, {}
        cells = read_cells(table, columns.names)
        self._paths = [cells[name] for name in columns.paths]
        self._ids = FileIds(self._paths[0]) if columns.id is None else cells[columns.id]
        self._kept = [cells[name] for name in columns.kept]
        self._places = [cells[name] for name in columns.place]
        self._completions = cache(list_completions)

    def __len__(self) -> int:
        return len(self._paths[0])

    def fingerprint(self) -> str:
        content = f"{hash_file(self._table)} {self.columns}".encode()
        content += b"".join(paths.digest() for paths in self._paths)
        return hashlib.blake2b(content, digest_size=16).hexdigest()

    def row(self, position: int) -> Row:
        kept = tuple(cells[position] for cells in self._kept)
        given = next(filter(None, (paths[position] for paths in self._paths)), "")
        return Row(self._ids[position], given, kept)

    def prepare(self, position: int) -> Framed:
        files = [self._file(paths[position]) for paths in self._paths]
        if files == [None]:
            raise BadImage("no path in this row")
        crop, place = self._framing.crop, None
        if isinstance(crop, CatalogCrop):
            place = crop.place([cells[position] for cells in self._places])
        return self._framing.prepare(files, place)

    def _file(self, cell: str) -> Path | None:
        if not cell:
            return None
        found = find_file(self._folder, cell, self._completions)
        if not found:
            raise BadImage(f"missing in {self._folder}")
        if len(found) > 1:
            raise BadImage(f"ambiguous: {listed(found, 3)}")
        return self._folder / found[0]


def is_parquet(table: Path) -> bool:
    return table.name.lower().endswith(PARQUET)


def choose_columns(
    title: str,
    table: Path,
    path: str | None,
    id: str | None,
    kept: Sequence[str],
    framing: Framing,
) -> Columns:
    """Return the columns to read; without a given one, that of paths is found by its name.

    framing: states the columns of paths of files with one band each, which are those of an image without
    a path, and the columns of positions.

    Raise UserError if a column does not exist, or none is named like one of paths.
    """
    names = column_names(table, LIKELY)
    given = {"predict.path_column": path, "predict.id_column": id}
    wanted = [*given.items(), *(("predict.keep_columns", name) for name in kept)]
    for key, name in wanted:
        if name is not None and name not in names:
            raise UserError(f"{key}={name} is not a column of {title}, which has {listed(names)}.")
    if id is not None and is_parquet(table):
        _require_exact(table, id)
    place = framing.crop.columns if isinstance(framing.crop, CatalogCrop) else ()
    if not set(place) <= set(names):
        raise UserError(
            f"{title} has no columns {listed(place)} of the positions that the model's images are cut around, only "
            f"{listed(names)}. Add them under these names."
        )
    return Columns(_path_columns(title, names, path, framing.image_columns), id, tuple(kept), place)


def _path_columns(
    title: str, names: Sequence[str], path: str | None, of_bands: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the given column of paths, else those of one file per band, else the one named like paths."""
    if path is not None:
        return (path,)
    if of_bands is not None and set(of_bands) <= set(names):
        return tuple(of_bands)
    by_name = {name.lower(): name for name in reversed(names)}
    likely = next((by_name[name] for name in LIKELY if name in by_name), None)
    if likely is not None:
        return (likely,)
    if of_bands is not None:
        raise UserError(
            f"{title} has no columns {listed(of_bands)} of one file per band, only {listed(names)}. Name them: "
            "predict.image_columns={<band>: <column>, ...}."
        )
    raise UserError(
        f"{title} has no column named {listed(LIKELY[:4])} or alike, only {listed(names)}. "
        "Name the column of paths: predict.path_column=<column>."
    )


def _require_exact(table: Path, id: str) -> None:
    """Raise UserError for ids that are stored as decimal numbers."""
    from pyarrow.types import is_floating

    if is_floating(_parquet(table).schema_arrow.field(id).type):
        raise UserError(
            f"predict.id_column={id} of {table} holds decimal numbers, which round ids of more than 15 digits. Store the ids as "
            "text or whole numbers."
        )


def column_names(table: Path, likely: Sequence[str]) -> list[str]:
    """Return the columns of a CSV or Parquet table; likely: names that it may contain."""
    if is_parquet(table):
        return list(_parquet(table).schema_arrow.names)
    return read_column_names("predict.input", table, likely)


def read_cells(table: Path, names: Sequence[str]) -> dict[str, Names]:
    """Return the cells of columns of a CSV or Parquet table."""
    if is_parquet(table):
        return _read_parquet(table, names)
    content = read_table("predict.input", table, [("predict.input", name) for name in names])
    return {name: Names(content.text(name)) for name in names}


def _read_parquet(table: Path, names: Sequence[str]) -> dict[str, Names]:
    """Return the columns, read one group of rows at a time."""
    content = _parquet(table)

    def cells(name: str) -> Iterator[str]:
        for group in range(content.num_row_groups):
            for cell in content.read_row_group(group, columns=[name]).column(name).to_pylist():
                yield "" if cell is None else str(cell)

    return {name: Names(cells(name)) for name in names}


def _parquet(table: Path) -> Any:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise UserError(
            f"predict.input={table}: Parquet needs pyarrow. Run: pip install 'astroclf[parquet]'"
        ) from error
    try:
        return ParquetFile(table)
    except (OSError, ArrowException) as error:
        raise UserError(
            f"predict.input={table} cannot be read as Parquet ({one_line(error)}). Give a whole file."
        ) from error
