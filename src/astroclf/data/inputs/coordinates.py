"""Stamps around the coordinates of a table, cut from the mosaics of the training or from others."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from astroclf.data.formats import BadImage
from astroclf.data.framing import Framed
from astroclf.data.inputs.names import Names
from astroclf.data.inputs.source import ImageInput, Row
from astroclf.data.inputs.table import column_names, read_cells
from astroclf.data.mosaics.frame_files import list_frames
from astroclf.data.mosaics.frames import Mosaic, hash_frames, open_mosaic
from astroclf.data.mosaics.parameters import CutoutParameters
from astroclf.data.mosaics.stamps import StampCutter
from astroclf.errors import UserError, listed

LIKELY = {
    "ra": ("ra", "raj2000", "ra_deg", "ra_j2000", "alpha_j2000", "right_ascension"),
    "dec": ("dec", "dej2000", "decj2000", "dec_deg", "dec_j2000", "delta_j2000", "declination"),
}
NO_COORDINATES = "no coordinates in degrees in this row"


@dataclass(frozen=True)
class CoordinateColumns:
    """Columns of a table of coordinates; id: None for numbers of the rows, from 1."""

    ra: str
    dec: str
    id: str | None
    kept: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, each once."""
        wanted = (self.ra, self.dec, *((self.id,) if self.id else ()), *self.kept)
        return tuple(dict.fromkeys(wanted))


class CoordinatesInput(ImageInput):
    """Stamps in the order of the rows of a table; the table of predictions keeps the coordinates.

    The columns that are read take some 8 bytes beyond its text for each cell.
    """

    wanted = "coordinates inside the frames, or other frames as predict.frames"

    def __init__(
        self,
        title: str,
        table: Path,
        columns: CoordinateColumns,
        mosaic: Mosaic,
        parameters: CutoutParameters,
    ) -> None:
        self.title, self.left_out = title, {}
        self.columns = tuple(dict.fromkeys((columns.ra, columns.dec, *columns.kept)))
        cells = read_cells(table, columns.names)
        self._ids = None if columns.id is None else cells[columns.id]
        self._kept = [cells[name] for name in self.columns]
        self._parameters, self._mosaic = parameters, mosaic
        self._cutter = StampCutter(mosaic, parameters)
        self._sky_deg = np.stack(
            [_degrees(cells[columns.ra]), _degrees(cells[columns.dec])], axis=1
        )
        self._is_position = np.isfinite(self._sky_deg).all(axis=1)
        self._is_position &= np.abs(self._sky_deg[:, 1]) <= 90
        self._covering = np.full((len(self._sky_deg), len(mosaic.bands)), -1)
        self._covering[self._is_position] = mosaic.covering(self._sky_deg[self._is_position])

    def __len__(self) -> int:
        return len(self._sky_deg)

    def fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        parameters = replace(self._parameters, frames="")
        digest.update(repr((parameters, hash_frames(self._mosaic), self.columns)).encode())
        for cells in (*self._kept, *(() if self._ids is None else (self._ids,))):
            digest.update(cells.digest())
        return digest.hexdigest()

    def row(self, position: int) -> Row:
        number = self._covering[position, 0]
        file = "" if number < 0 else str(self._mosaic.frames[number].file)
        own = str(position + 1) if self._ids is None else self._ids[position]
        return Row(own, file, tuple(cells[position] for cells in self._kept))

    def prepare(self, position: int) -> Framed:
        if not self._is_position[position]:
            raise BadImage(NO_COORDINATES)
        ra, dec = self._sky_deg[position]
        stamp = self._cutter.cut((float(ra), float(dec)), self._covering[position])
        return Framed(stamp.image, stamp.invalid_share)


def open_coordinates(
    title: str,
    table: Path,
    columns: CoordinateColumns,
    parameters: CutoutParameters,
    frames: str | None = None,
) -> CoordinatesInput:
    """Return the stamps of a table.

    parameters: of the training stamps. frames: other frames than those of the training, as pattern or
    table. Raise UserError for frames that cannot be used.
    """
    key = "predict.frames"
    chosen = frames or parameters.frames
    files = list_frames(key, chosen, parameters.bands, parameters.hdu)
    mosaic = open_mosaic(f"{key}={chosen}", files, parameters.bands)
    return CoordinatesInput(title, table, columns, mosaic, parameters)


def choose_coordinates(
    title: str, table: Path, ra: str | None, dec: str | None, id: str | None, kept: Sequence[str]
) -> CoordinateColumns:
    """Return the columns to read; those of coordinates that are not given are found by their names.

    Raise UserError if a column does not exist, or none is named like one of coordinates.
    """
    names = column_names(table, (*LIKELY["ra"], *LIKELY["dec"]))
    given = {"predict.ra_column": ra, "predict.dec_column": dec, "predict.id_column": id}
    wanted = [*given.items(), *(("predict.keep_columns", name) for name in kept)]
    for key, name in wanted:
        if name is not None and name not in names:
            raise UserError(f"{key}={name} is not a column of {title}, which has {listed(names)}.")
    found = {"ra": ra or _like(names, "ra"), "dec": dec or _like(names, "dec")}
    if None in found.values():
        raise UserError(
            f"{title} has no columns of coordinates such as ra and dec, only {listed(names)}. Name them: "
            "predict.ra_column=<column> predict.dec_column=<column>; or for a table of image files predict.path_column."
        )
    return CoordinateColumns(str(found["ra"]), str(found["dec"]), id, tuple(kept))


def _like(names: Sequence[str], axis: str) -> str | None:
    by_name = {name.lower(): name for name in reversed(names)}
    return next((by_name[name] for name in LIKELY[axis] if name in by_name), None)


def _degrees(cells: Names) -> np.ndarray:
    """Return the numbers of a column, NaN for cells that hold none."""

    def number(cell: str) -> float:
        try:
            return float(cell)
        except ValueError:
            return float("nan")

    return np.fromiter((number(cell) for cell in cells), np.float64, len(cells))
