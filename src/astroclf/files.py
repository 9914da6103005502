"""Atomic writes, CSV that is safe in a spreadsheet, paths from users, paths and sizes for display."""

from __future__ import annotations

import csv
import ctypes
import itertools
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from astroclf.errors import UserError

# A spreadsheet evaluates a text cell that begins with one of these (OWASP, "CSV injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of Linux's renameat2

_count = itertools.count()


@contextmanager
def replace_file(path: Path, mode: str = "wb") -> Iterator[IO[Any]]:
    """Yield a stream whose content replaces the file in one step when the block ends.

    mode: "wb" for bytes, "w" for UTF-8 text with newlines as given.

    The content is flushed to the disk before the file takes its place, so that a kill, a full disk
    or a power cut leaves either the old file or the new one. If the block raises, the old file
    stays, and the draft is removed. Raises OSError if the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.{next(_count)}.draft")
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    try:
        with draft.open(mode, **text) as stream:  # type: ignore[call-overload]
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # the user's name of the file, not the draft's
        raise
    flush_folder(path.parent)


def replace_folder(draft: Path, folder: Path) -> None:
    """Replace a folder by a complete draft of it; the draft no longer exists afterwards.

    Linux exchanges the two in one step. Elsewhere the old folder is moved aside first, so that a
    kill between the two steps leaves both complete. Files of the user in the old folder are moved
    to the new one. Raises OSError if that is not possible.
    """
    if not folder.is_dir():
        draft.rename(folder)
        flush_folder(folder.parent)
        return
    old = draft
    if not _exchange(draft, folder):
        old = draft.with_name(f"{draft.name}.old")
        folder.rename(old)
        draft.rename(folder)
    flush_folder(folder.parent)
    for path in old.iterdir():
        if not (folder / path.name).exists():
            path.rename(folder / path.name)
    shutil.rmtree(old)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange the names of two files or folders in one step; return False where it cannot be done."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if os.name == "posix" else None
    if rename is None:
        return False
    paths = (AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other))
    return bool(rename(*paths, RENAME_EXCHANGE) == 0)


def write_text(path: Path, text: str) -> None:
    """Replace a UTF-8 file by the text, in one step (see `replace_file`)."""
    with replace_file(path, "w") as stream:
        stream.write(text)


def write_json(path: Path, content: Any) -> None:
    """Replace a file by the content as indented JSON, in one step; numpy numbers become floats."""
    write_text(path, json.dumps(content, indent=2, default=float))


def read_json(path: Path) -> Any:
    """Return the content of a JSON file. Raises OSError, and ValueError if it is not JSON in UTF-8."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Replace a file by a CSV, in one step; texts go through `spreadsheet_safe`."""
    with replace_file(path, "w") as stream:
        writer = csv.writer(stream)
        writer.writerow([spreadsheet_safe(name) for name in header])
        writer.writerows([spreadsheet_safe(cell) for cell in row] for row in rows)


def spreadsheet_safe(cell: Any) -> Any:
    """Return a text that a spreadsheet would evaluate with an apostrophe before it, others unchanged.

    Numbers such as "-27.5" are not formulas. `read_csv` removes the apostrophe.
    """
    is_formula = (
        isinstance(cell, str)
        and cell.lstrip("'").startswith(FORMULA_STARTS)
        and not _is_number(cell)
    )
    return f"'{cell}" if is_formula else cell


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV that `write_csv` wrote, by column name.

    Raises OSError if the file cannot be read, ValueError if it is not UTF-8.
    """
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    header, *body = [[original_cell(cell) for cell in row] for row in rows] or [[]]
    return [dict(zip(header, row, strict=False)) for row in body]


def original_cell(cell: str) -> str:
    """Return a cell without the apostrophe of `spreadsheet_safe`."""
    return cell[1:] if cell.startswith("'") and spreadsheet_safe(cell[1:]) == cell else cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def user_path(text: str) -> Path:
    """Return the path of a text from the user, with `~` and `~name` replaced by the home directory.

    Raises ValueError with a description of a usable path.
    """
    if not text or "\0" in text:
        raise ValueError("a path that is not empty and has no zero byte")
    try:
        text.encode()
        return Path(text).expanduser()
    except UnicodeEncodeError:
        raise ValueError("a path whose folders and file have names in UTF-8") from None
    except RuntimeError:
        raise ValueError("a path without ~, since that home directory is unknown") from None


def named_path(value: object, key: str) -> Path:
    """Return the path that a user gave as the setting `key`. Raise UserError if it cannot be used."""
    try:
        return user_path(str(value))
    except ValueError as error:
        raise UserError(f"{key}={value} does not fit: it should be {error}.") from error


def shortest(path: Path) -> Path:
    """Return a path below the working directory relative to it, any other one as given."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def readable_size(size: int) -> str:
    """Return a number of bytes with its unit, such as "2.46 MB"."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:.2f} {name}"
    return f"{size} bytes"


def flush_file(path: Path) -> None:
    """Flush a file to the disk, pages of a memory map included."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def flush_folder(folder: Path) -> None:
    """Flush a folder to the disk, so that a rename in it survives a power cut."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
