"""Table of the predictions of task=predict, written in chunks that survive a kill.

A chunk is on the disk before the record of progress counts it. A run that goes on removes what was
written after the last counted chunk, so that no row is in the table twice or missing.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from astroclf.errors import UserError
from astroclf.files import original_cell, replace_file, spreadsheet_safe
from astroclf.runs.folder import RunFolder

Columns = Mapping[str, Sequence[str] | np.ndarray]  # column -> texts, or numbers with NaN for none

DIGITS = ".6g"
ROWS_AT_ONCE = 65_536  # rows that are read at a time, and of a group of Parquet


class PredictionTable(ABC):
    """Table that grows by chunks. draft: file or folder of the chunks; file: the complete table.

    A position is what the table has after a chunk: bytes of a CSV, chunks of Parquet.
    """

    draft: Path
    file: Path

    @abstractmethod
    def truncate(self, position: int) -> None:
        """Remove everything after a position; 0 begins a new table."""

    @abstractmethod
    def append(self, columns: Columns) -> int:
        """Write a chunk to the disk and return the position after it. Raise OSError."""

    @abstractmethod
    def finish(self) -> None:
        """Move the table from its draft to its file, in one step."""

    @abstractmethod
    def read(self, names: Sequence[str]) -> Iterator[dict[str, list[Any]]]:
        """Yield some columns of the complete table, a number of rows at a time, as texts or numbers."""


def prediction_table(folder: RunFolder, kind: str, names: Sequence[str]) -> PredictionTable:
    """Return the table of a run with these columns; kind: csv or parquet."""
    return ParquetTable(folder, names) if kind == "parquet" else CsvTable(folder, names)


class CsvTable(PredictionTable):
    """CSV file to which chunks are appended; numbers have six significant digits."""

    def __init__(self, folder: RunFolder, names: Sequence[str]) -> None:
        self.draft, self.file, self._names = folder.prediction_rows, folder.predictions, list(names)

    def truncate(self, position: int) -> None:
        self.draft.parent.mkdir(parents=True, exist_ok=True)
        if position == 0:
            with self.draft.open("wb"):
                pass
        else:
            os.truncate(self.draft, position)

    def append(self, columns: Columns) -> int:
        texts = io.StringIO(newline="")
        writer = csv.writer(texts)
        with self.draft.open("ab") as stream:
            if stream.tell() == 0:
                writer.writerow([spreadsheet_safe(name) for name in self._names])
            writer.writerows(zip(*(_cells(columns[name]) for name in self._names), strict=True))
            stream.write(texts.getvalue().encode())
            stream.flush()
            os.fsync(stream.fileno())
            return stream.tell()

    def finish(self) -> None:
        self.draft.replace(self.file)

    def read(self, names: Sequence[str]) -> Iterator[dict[str, list[Any]]]:
        places = [self._names.index(name) for name in names]
        with self.file.open(newline="", encoding="utf-8") as stream:
            rows = csv.reader(stream)
            next(rows)
            while part := list(islice(rows, ROWS_AT_ONCE)):
                if any(len(row) != len(self._names) for row in part):
                    raise ValueError("a row has another number of cells than the header")
                yield {
                    name: [original_cell(row[k]) for row in part]
                    for name, k in zip(names, places, strict=True)
                }


class ParquetTable(PredictionTable):
    """Parquet files of one chunk each, merged at the end."""

    def __init__(self, folder: RunFolder, names: Sequence[str]) -> None:
        self.draft, self.file = folder.prediction_chunks, folder.predictions_parquet
        self._names = list(names)
        self._arrow, self._parquet = _import_arrow()

    def truncate(self, position: int) -> None:
        self.draft.mkdir(parents=True, exist_ok=True)
        for part in self.draft.iterdir():
            number = part.stem.removeprefix("chunk-")
            if not number.isdigit() or int(number) >= position:
                part.unlink()

    def append(self, columns: Columns) -> int:
        number = len(list(self.draft.glob("chunk-*.parquet")))
        arrays = {name: _arrow_column(self._arrow, columns[name]) for name in self._names}
        with replace_file(self.draft / f"chunk-{number:08d}.parquet") as stream:
            self._parquet.write_table(self._arrow.table(arrays), stream)
        return number + 1

    def finish(self) -> None:
        parts = sorted(self.draft.glob("chunk-*.parquet"))
        with replace_file(self.file) as stream:
            schema = self._parquet.read_schema(parts[0])
            with self._parquet.ParquetWriter(stream, schema) as writer:
                pending: list[Any] = []
                for part in parts:
                    pending.append(self._parquet.read_table(part))
                    if sum(map(len, pending)) >= ROWS_AT_ONCE or part == parts[-1]:
                        writer.write_table(self._arrow.concat_tables(pending))
                        pending = []
        shutil.rmtree(self.draft, ignore_errors=True)

    def read(self, names: Sequence[str]) -> Iterator[dict[str, list[Any]]]:
        with self._parquet.ParquetFile(self.file) as content:
            for batch in content.iter_batches(ROWS_AT_ONCE, columns=list(names)):
                yield batch.to_pydict()


def _cells(column: Sequence[str] | np.ndarray) -> list[str]:
    if isinstance(column, np.ndarray):
        return ["" if each != each else format(each, DIGITS) for each in column.tolist()]
    return [spreadsheet_safe(text) for text in column]


def _arrow_column(arrow: Any, column: Sequence[str] | np.ndarray) -> Any:
    """Return a column as strings, or as double precision with null for NaN."""
    if isinstance(column, np.ndarray):
        return arrow.array(column, arrow.float64(), from_pandas=True)
    return arrow.array(list(column), arrow.string())


def _import_arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UserError(
            "predict.format=parquet needs pyarrow. Run: pip install 'astroclf[parquet]'"
        ) from error
    return pyarrow, parquet
