"""Reader of CSV tables from users: stripped text cells with their line numbers."""

from __future__ import annotations

import codecs
import csv
import difflib
import gzip
import io
import math
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from astroclf.errors import UserError, counted, listed

DELIMITERS = (",", ";", "\t", "|")
MISSING = {"", "nan", "na", "n/a", "null", "none", "-", "--", "masked"}  # in columns of numbers
# Lines without cells before the header, such as #Table1 of SkyServer.
COMMENTS = re.compile(r"\A(?:\s*#[^,;\t|\r\n]*(?:\r\n|\r|\n))+")
MOST_BYTES = 2**31  # of a table after decompression
GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"

Wanted = Sequence[tuple[str, str]]  # (key of the settings, column)


@dataclass(frozen=True)
class Table:
    """The wanted columns of a table of a user.

    name: `<key>=<path>`, for messages. columns: name -> stripped cells. keys: name -> the key of the
    settings that names it. lines: the line of the file where each row ends, the first being 1; of
    tables that are no text, the number of the row. unit: noun of these numbers.
    """

    name: str
    columns: dict[str, list[str]]
    keys: dict[str, str]
    lines: list[int]
    delimiter: str = ","
    unit: str = "line"

    def __len__(self) -> int:
        return len(self.lines)

    def text(self, column: str) -> list[str]:
        """Return the cells as text, empty ones included; `NA` and `None` are ordinary texts."""
        return self.columns[column]

    def filled(self, column: str) -> list[str]:
        """Return the cells as text. Raise UserError if one is empty."""
        cells = self.columns[column]
        empty = [position for position, cell in enumerate(cells) if not cell]
        if empty:
            raise UserError(
                f"{self.keys[column]}={column} is empty in {len(empty):,} rows of {self.name}, "
                f"{self.where(empty)}: fill them in, or remove the rows."
            )
        return cells

    def numbers(self, column: str) -> np.ndarray:
        """Return (N,) float64, NaN for empty cells and words such as NA.

        Unless the delimiter is a comma, a comma can be the decimal sign.
        Raise UserError for any other cell.
        """
        cells = self.columns[column]
        if self.delimiter != "," and not any("." in cell for cell in cells):
            cells = [cell.replace(",", ".") for cell in cells]
        values = np.array([_number(cell) for cell in cells], np.float64)
        unread = np.flatnonzero(np.isnan(values)).tolist()
        wrong = [row for row in unread if cells[row].lower() not in MISSING]
        if wrong:
            raise UserError(
                f"{self.keys[column]}={column} of {self.name} should hold numbers, "
                f"but {counted(len(wrong), 'row')} {'has' if len(wrong) == 1 else 'have'} other values, {self.where(wrong)}; the first has {listed([cells[wrong[0]]])}."
            )
        return values

    def where(self, rows: Sequence[int]) -> str:
        """Return the line numbers of rows in an editor, or their numbers in a table that is no text."""
        return (
            f"{self.unit}{'s' if len(rows) > 1 else ''} {listed(self.lines[row] for row in rows)}"
        )


def read_table(key: str, path: Path, wanted: Wanted) -> Table:
    """Return the wanted columns of a CSV file, with a header, in UTF-8 or UTF-16, plain, gzipped, or
    the only one of a zip archive.

    key: the key of the settings that names the file.

    The delimiter is the one of `DELIMITERS` under which the header has most wanted columns, then
    most columns. Blanks around cells are removed, and rows without content left out.
    Raise UserError if the file is no such table, or lacks a column.
    """
    name = f"{key}={path}"
    text = _uncommented(_text(name, path))
    columns = [column.strip() for _, column in wanted]
    delimiter = _delimiter(text, columns)
    rows = _numbered_rows(name, text, delimiter)
    _, header = next(rows, (0, []))
    places = _places(name, header, wanted)
    lines, kept = [], []
    for line, cells in rows:
        if any(cells[len(header) :]):
            raise UserError(
                f"{name} cannot be read as CSV: line {line} has {len(cells)} cells and the header "
                f"{len(header)}. Quote cells that hold {delimiter!r}."
            )
        lines.append(line)
        kept.append([cells[place] if place < len(cells) else "" for place in places])
    if not kept:
        raise UserError(f"{name} has no rows: it should have one image a row.")
    by_column = dict(zip(columns, map(list, zip(*kept, strict=True)), strict=True))
    keys = {column.strip(): key for key, column in wanted}
    return Table(name, by_column, keys, lines, delimiter)


def read_column_names(key: str, path: Path, likely: Sequence[str]) -> list[str]:
    """Return the header of a CSV file, as `read_table` takes it; likely: names that it may contain."""
    name = f"{key}={path}"
    text = _uncommented(_text(name, path))
    _, header = next(_numbered_rows(name, text, _delimiter(text, likely)), (0, []))
    return header


def _uncommented(text: str) -> str:
    """Return the text with the comments before its header emptied, so that lines keep their numbers."""
    return COMMENTS.sub(lambda found: re.sub("#.*", "", found[0]), text)


def stripped(text: str) -> str:
    """Return the text without blanks and invisible characters (of Unicode's category Cf) at its ends."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) == "Cf"


def _text(name: str, path: Path) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a named pipe would block
            raise UserError(f"{name} is not a file: give a CSV file with a header.")
        data = _content(name, path)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "a damaged gzip file or zip archive"
        raise UserError(f"{name} cannot be read ({reason}): give a readable CSV file.") from error
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(
            f"{name} cannot be read as CSV: line {line} is not in UTF-8. Save the table as CSV in UTF-8."
        ) from error
    if "\0" in text:
        raise UserError(
            f"{name} cannot be read as CSV: it holds zero bytes. Save the table as CSV in UTF-8."
        )
    return text


def _content(name: str, path: Path) -> bytes:
    """Return the content of a file, decompressed. Raise UserError for a zip archive without one CSV."""
    with path.open("rb") as stream:
        start = stream.read(len(ZIP))
    if start.startswith(GZIP):
        with gzip.open(path) as stream:
            return stream.read(MOST_BYTES)
    if start != ZIP:
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        tables = [each for each in archive.namelist() if is_table(each)]
        if len(tables) != 1:
            raise UserError(
                f"{name} holds {len(tables)} CSV files{f': {listed(tables)}' if tables else ''}. "
                "Give an archive with one, or the CSV file itself."
            )
        with archive.open(tables[0]) as member:
            return member.read(MOST_BYTES)


def is_table(member: str) -> bool:
    """Return whether a member of an archive is a CSV file, and no leftover of macOS."""
    return member.lower().endswith(".csv") and not member.startswith("__MACOSX/")


def _delimiter(text: str, columns: Sequence[str]) -> str:
    header, _, _ = text.replace("\r", "\n").lstrip().partition("\n")
    stated = re.fullmatch("sep=(.)", header.strip("\n"))  # as spreadsheets state it
    if stated:
        return stated[1]

    def fit(delimiter: str) -> tuple[int, int]:
        try:
            cells = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True), [])
        except csv.Error:  # a cell of over 100,000 characters
            cells = []
        return len({cell.strip() for cell in cells} & set(columns)), len(cells)

    return max(DELIMITERS, key=fit)


def _numbered_rows(name: str, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the header and each row with content, with the line where it ends."""
    reader = csv.reader(
        io.StringIO(text, newline=None), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    try:
        for row in reader:
            cells = [stripped(cell) for cell in row]
            if any(cells) and cells != ["sep=", ""]:
                yield reader.line_num, cells
    except csv.Error as error:
        raise UserError(
            f"{name} cannot be read as CSV: line {reader.line_num}, {error}."
        ) from error


def _places(name: str, header: list[str], wanted: Wanted) -> list[int]:
    """Return the positions of the wanted columns. Raise UserError if one is missing or ambiguous."""
    if not header:
        raise UserError(f"{name} cannot be read as CSV: it is empty.")
    for key, column in wanted:
        count = header.count(column.strip())
        if count > 1:
            raise UserError(f"{key}={column} names {count} columns of {name}: rename the others.")
        if count == 0:
            lower = {each.lower(): each for each in header}
            near = difflib.get_close_matches(column.strip().lower(), list(lower)[:1000], n=1)
            hint = f"; did you mean {lower[near[0]]}?" if near else "."
            raise UserError(
                f"{key}={column} is not a column of {name}, which has {listed(header)}{hint}"
            )
    return [header.index(column.strip()) for _, column in wanted]


def parse_number(cell: str) -> float | None:
    """Return the number of a cell, NaN for an empty one and words such as NA; None for any other text."""
    value = _number(cell)
    return None if math.isnan(value) and cell.strip().lower() not in MISSING else value


def _number(cell: str) -> float:
    """Return the number, NaN if the cell is none."""
    try:
        return float("nan") if "_" in cell else float(cell)
    except ValueError:
        return float("nan")
