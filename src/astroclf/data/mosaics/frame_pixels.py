"""Pixels of frames: plain files are memory-mapped, compressed ones decompressed and kept for a while."""

from __future__ import annotations

import bz2
import gzip
import io
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol, cast

import numpy as np

from astroclf.data.formats import BadImage
from astroclf.data.formats.fits import BZIP2, GZIP, SIGNATURE
from astroclf.data.formats.fits_units import Unit, choose_units, unit_data
from astroclf.data.formats.read import require_regular

DTYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}  # by BITPIX
KEPT_BYTES = 2**30  # of decompressed frames, at most (but always one)
KEPT_MAPS = 64  # memory-mapped frames
OPENERS: dict[bytes, Callable[[Path], Any]] = {GZIP: gzip.open, BZIP2: bz2.open}  # for reading


class Box(NamedTuple):
    """Rows and columns of a frame, from the first to before the last; they may be beyond the frame."""

    y0: int
    y1: int
    x0: int
    x1: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.y1 - self.y0, self.x1 - self.x0


class Source(Protocol):
    """The image that a frame is: its file, extension, plane of a cube, and size."""

    @property
    def file(self) -> Path: ...
    @property
    def hdu(self) -> int | str | None: ...
    @property
    def plane(self) -> int | None: ...
    @property
    def shape(self) -> tuple[int, int]: ...


@dataclass(frozen=True, eq=False)
class Values:
    """Stored values (H, W) of a frame, and their scaling to physical ones."""

    stored: np.ndarray
    scale: float = 1.0
    zero: float = 0.0
    blank: int | None = None

    def physical(self, rows: slice, columns: slice) -> np.ndarray:
        """Return a part as float32, NaN for blank pixels."""
        part = self.stored[rows, columns]
        with np.errstate(over="ignore", invalid="ignore"):
            if (self.scale, self.zero) == (1.0, 0.0):
                values = part.astype(np.float32)
            else:
                values = (part.astype(np.float64) * self.scale + self.zero).astype(np.float32)
        if self.blank is not None:
            values[part == self.blank] = np.nan
        return cast(np.ndarray, values)


class FrameReader:
    """Reader of parts of frames, for one or several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[tuple[Path, int | str | None, int | None], Values] = OrderedDict()

    def read(self, frame: Source, box: Box) -> np.ndarray:
        """Return a part as float32, NaN beyond the frame. Raise BadImage for a damaged file."""
        height_px, width_px = frame.shape
        rows = slice(max(box.y0, 0), min(box.y1, height_px))
        columns = slice(max(box.x0, 0), min(box.x1, width_px))
        part = np.full(box.shape, np.nan, np.float32)
        if rows.start < rows.stop and columns.start < columns.stop:
            part[
                rows.start - box.y0 : rows.stop - box.y0,
                columns.start - box.x0 : columns.stop - box.x0,
            ] = self._values(frame).physical(rows, columns)
        return part

    def _values(self, frame: Source) -> Values:
        key = (frame.file, frame.hdu, frame.plane)
        with self._lock:
            if key not in self._open:
                self._open[key] = _load(frame)
            self._open.move_to_end(key)
            self._forget()
            return self._open[key]

    def _forget(self) -> None:
        """Close the frames that were not used for longest, beyond the limits."""
        while len(self._open) > 1:
            in_memory = [v.stored for v in self._open.values() if not _is_mapped(v.stored)]
            n_maps = len(self._open) - len(in_memory)
            if sum(each.nbytes for each in in_memory) <= KEPT_BYTES and n_maps <= KEPT_MAPS:
                return
            self._open.popitem(last=False)


def open_unit(path: Path, hdu: int | str | None) -> Unit:
    """Return the HDU of an image, with its header. Raise BadImage if there is none, or not all of it."""
    require_regular(path)
    with _plain(path) as stream:
        unit = choose_units(stream, hdu)[0]
        unit.require_whole(stream.seek(0, io.SEEK_END))
    return unit


def _load(frame: Source) -> Values:
    """Return the values of a frame: of a plain file a memory map."""
    unit = open_unit(frame.file, frame.hdu)
    if unit.shape[-2:] != frame.shape:
        raise BadImage(f"{frame.file.name} was changed while it was in use")
    header = unit.header
    with _plain(frame.file) as stream:
        if unit.is_compressed:
            return Values(_plane(np.asarray(unit_data(stream, unit)), frame))
        dtype = np.dtype(DTYPES[int(header["BITPIX"])])
        if isinstance(stream, io.BufferedReader):
            stored: np.ndarray = np.memmap(frame.file, dtype, "r", unit.start, unit.shape)
        else:
            stream.seek(unit.start)
            stored = np.frombuffer(stream.read(unit.data_bytes), dtype).reshape(unit.shape)
    blank = header.get("BLANK") if dtype.kind in "iu" else None
    return Values(
        _plane(stored, frame),
        float(header.get("BSCALE", 1)),
        float(header.get("BZERO", 0)),
        None if blank is None else int(blank),
    )


def _plane(stored: np.ndarray, frame: Source) -> np.ndarray:
    return stored.reshape(-1, *frame.shape)[frame.plane or 0]


def _is_mapped(stored: np.ndarray) -> bool:
    return isinstance(stored, np.memmap)


@contextmanager
def _plain(path: Path) -> Iterator[BinaryIO]:
    """Open a FITS file, decompressed as it is read. Raise BadImage for a damaged or another file."""
    try:
        with path.open("rb") as stream:
            start = stream.read(len(SIGNATURE))
        opener = next((each for magic, each in OPENERS.items() if start.startswith(magic)), None)
        if opener is None and start != SIGNATURE:
            raise BadImage("no FITS file")
        with path.open("rb") if opener is None else opener(path) as opened:
            yield cast(BinaryIO, opened)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "truncated or damaged"
        raise BadImage(f"cannot be read ({reason})") from error
