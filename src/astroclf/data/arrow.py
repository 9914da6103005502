"""Parquet and Arrow files of users: cells and images of their columns, a few rows at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from astroclf.errors import UserError, listed, one_line

PARQUET, ARROW = (".parquet", ".pq"), (".arrow", ".feather")

ROWS = 64  # read at a time; images are large
BUFFER_BYTES = 2**20
Cell = (
    bytes | np.ndarray | None
)  # content of an image file, or pixels; None for a row without an image
ARROW_FILE = b"ARROW1"  # starts the format of files, which a stream does not have


class ArrowFile:
    """A Parquet or Arrow file. title: `<key>=<path>`, for messages."""

    def __init__(self, title: str, file: Path) -> None:
        self.title, self.file = title, file
        with _explained(title):
            self.schema, self.count = self._describe()

    def batches(self, columns: list[str]) -> Iterator[Any]:
        """Yield record batches of the columns, in the order of the rows."""
        import pyarrow as pa

        with _explained(self.title):
            if self.file.name.lower().endswith(PARQUET):
                with _parquet(self.file) as content:
                    yield from content.iter_batches(ROWS, columns=columns, use_threads=False)
                return
            with pa.memory_map(str(self.file)) as source:
                for batch in _record_batches(source):
                    for start in range(0, batch.num_rows, ROWS):
                        yield batch.select(columns).slice(start, ROWS)

    def require(self, key: str, column: str) -> None:
        """Raise UserError unless there is a column of that name. key: of the settings."""
        if column not in self.schema.names:
            raise UserError(
                f"{key}={column} is not a column of {self.title}, which has {listed(self.schema.names)}."
            )

    def cells(self, key: str, column: str) -> list[str]:
        """Return the column as text, "" for null. Raise UserError unless it holds numbers or text."""
        import pyarrow as pa

        self.require(key, column)
        kind = self.schema.field(column).type
        if pa.types.is_nested(kind):
            raise UserError(
                f"{key}={column} of {self.title} holds {kind}. Give a column of numbers or text."
            )
        return [
            _text(value)
            for batch in self.batches([column])
            for value in batch.column(0).to_pylist()
        ]

    def require_images(self, key: str, column: str) -> None:
        """Raise UserError unless there is a column of that name, of a type that `images_of` takes."""
        self.require(key, column)
        kind = self.schema.field(column).type
        if not holds_images(kind):
            raise UserError(
                f"{key}={column} of {self.title} holds {kind}. Give a column of image files as bytes, or of nested lists of pixels."
            )

    def image_columns(self) -> list[str]:
        """Return the names of the columns that can hold images."""
        return [field.name for field in self.schema if holds_images(field.type)]

    def images(self, column: str) -> Iterator[Cell]:
        """Yield the images of a column, see `images_of`."""
        for batch in self.batches([column]):
            yield from images_of(batch.column(0))

    def class_names(self, column: str) -> tuple[str, ...] | None:
        """Return the names of the labels 0, 1, ... that the metadata of Hugging Face state."""
        stated = (self.schema.metadata or {}).get(b"huggingface")
        try:
            feature = json.loads(stated or b"{}")["info"]["features"][column]
            return tuple(map(str, feature["names"])) if feature["_type"] == "ClassLabel" else None
        except (ValueError, KeyError, TypeError):  # none, or of another form
            return None

    def _describe(self) -> tuple[Any, int]:
        import pyarrow as pa

        if self.file.name.lower().endswith(PARQUET):
            with _parquet(self.file) as content:
                return content.schema_arrow, content.metadata.num_rows
        with pa.memory_map(str(self.file)) as source:
            schema, count = None, 0
            for batch in _record_batches(source):
                schema, count = batch.schema, count + batch.num_rows
        if schema is None:
            raise pa.ArrowInvalid("it has no rows")
        return schema, count


def holds_images(kind: Any) -> bool:
    """Return whether a column of that type can hold images, see `images_of`."""
    from pyarrow import types

    kind = getattr(kind, "storage_type", kind)
    if types.is_struct(kind):
        return any(field.name == "bytes" and holds_images(field.type) for field in kind)
    kinds = (types.is_binary, types.is_large_binary, types.is_binary_view)
    return any(is_kind(kind) for is_kind in (*kinds, is_list))


def is_list(kind: Any) -> bool:
    """Return whether a type is that of lists, of any length or of a fixed one."""
    from pyarrow import types

    kinds = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return any(is_kind(kind) for is_kind in kinds)


def images_of(column: Any) -> Iterator[Cell]:
    """Yield the image of each row: the content of an image file, or an array; None where there is none.

    column: of bytes, of structs with a field `bytes`, or of nested lists of numbers.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_struct(column.type):
        column = pc.struct_field(column, "bytes")
    for row in column:
        if not row.is_valid:
            yield None
        elif hasattr(row, "as_buffer"):
            yield row.as_py()
        else:
            yield array_of_lists(row.values)


def array_of_lists(values: Any) -> np.ndarray | None:
    """Return nested lists of numbers as an array; None if lists of one level differ in length, or hold null."""
    import pyarrow.compute as pc

    shape = [len(values)]
    while is_list(values.type):
        lengths = pc.unique(pc.list_value_length(values)).to_pylist()
        if len(lengths) != 1 or lengths[0] is None:
            return None
        shape.append(lengths[0])
        values = values.flatten()
    if values.null_count:
        return None
    return values.to_numpy(zero_copy_only=False).reshape(shape)


def _record_batches(source: Any) -> Iterator[Any]:
    from pyarrow import ipc

    is_file = source.read(len(ARROW_FILE)) == ARROW_FILE
    source.seek(0)
    if not is_file:
        yield from ipc.open_stream(source)
        return
    reader = ipc.open_file(source)
    for number in range(reader.num_record_batches):
        yield reader.get_batch(number)


def _parquet(file: Path) -> Any:
    from pyarrow.parquet import ParquetFile

    # Buffered, since a group of rows may be as large as the file.
    return ParquetFile(file, buffer_size=BUFFER_BYTES, pre_buffer=False)


@contextmanager
def _explained(title: str) -> Iterator[None]:
    """Raise UserError where pyarrow is missing, or cannot read the file."""
    try:
        from pyarrow import ArrowException
    except ImportError as error:
        raise UserError(
            f"{title}: Parquet and Arrow need pyarrow. Run: pip install 'astroclf[parquet]'"
        ) from error
    try:
        yield
    except (OSError, ArrowException) as error:
        raise UserError(
            f"{title} cannot be read as Parquet or Arrow ({one_line(error)}). Give a whole file."
        ) from error


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
