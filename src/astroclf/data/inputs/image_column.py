"""Images in a column of a Parquet or Arrow file, as files or nested lists of pixels."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from astroclf.data.arrow import ArrowFile, Cell
from astroclf.data.formats import BadImage
from astroclf.data.framing import Framed, Framing
from astroclf.data.image_arrays import as_stored, depth_of_values, find_axes, header_of, to_nchw
from astroclf.data.inputs.names import Names
from astroclf.data.inputs.source import Block, ImageInput, Row, prepared_block
from astroclf.integrity import hash_sample

USUAL = "image"  # name of such a column
BLOCKS_KEPT = 32  # that threads may request later than those after them


def find_image_column(content: ArrowFile, given: str | None) -> str | None:
    """Return the column of images: the given one, that of the usual name, or the only one; else None.

    Raise UserError if the given one, predict.images, does not exist or holds no images.
    """
    if given is not None:
        content.require_images("predict.images", given)
        return given
    found = content.image_columns()
    if USUAL in found:
        return USUAL
    return found[0] if len(found) == 1 else None


class ImageColumn(ImageInput):
    """Images of a column. id, kept: columns of the ids and of values that are kept."""

    def __init__(
        self,
        content: ArrowFile,
        column: str,
        id: str | None,
        kept: Sequence[str],
        framing: Framing,
    ) -> None:
        self.title, self.columns, self.left_out = content.title, tuple(kept), {}
        self._content, self._column, self._id, self._framing = content, column, id, framing
        self._ids = None if id is None else Names(content.cells("predict.id_column", id))
        self._kept = [Names(content.cells("predict.keep_columns", each)) for each in kept]
        self._rows = ForwardReader(lambda: content.images(column))

    def __len__(self) -> int:
        return self._content.count

    def fingerprint(self) -> str:
        return f"{hash_sample(self._content.file)} {self._column} {self._id} {list(self.columns)}"

    def row(self, position: int) -> Row:
        own = str(position) if self._ids is None else self._ids[position]
        kept = tuple(cells[position] for cells in self._kept)
        return Row(own, f"{self._column}[{position}]", kept)

    def prepare(self, position: int) -> Framed:
        return self._framed(self._rows.take(position, position + 1)[0])

    def read(self, start: int, stop: int) -> Block:
        cells = self._rows.take(start, stop)
        rows = [self.row(position) for position in range(start, stop)]
        return prepared_block(start, rows, self._framed, cells)

    def _framed(self, cell: Cell) -> Framed:
        if cell is None:
            raise BadImage("no image in this row")
        if isinstance(cell, bytes):
            return self._framing.prepare_bytes(cell)
        axes, depth = find_axes((1, *cell.shape)), depth_of_values(cell.dtype)
        if axes is None or depth is None:
            raise BadImage(f"{' x '.join(map(str, cell.shape))} values of {cell.dtype}")
        picture = as_stored(to_nchw(cell[None], axes)[0])
        header = header_of((1, *picture.shape), depth)
        if header.bands != self._framing.bands and len(header.bands) > 1:
            header = header_of((1, *picture.shape), depth, has_colors=False)
        return self._framing.prepare_planes(header, picture)


class ForwardReader:
    """Rows of a source that is read from its start on, requested by threads in nearly their order."""

    def __init__(self, start: Callable[[], Iterator[Cell]]) -> None:
        self._start, self._lock = start, threading.Lock()
        self._cells, self._next = start(), 0
        self._waiting: dict[int, Cell] = {}

    def take(self, start: int, stop: int) -> list[Cell]:
        """Return the rows from start to stop; rows before them wait for the threads that request them."""
        with self._lock:
            if start < self._next and start not in self._waiting:
                self._cells, self._next, self._waiting = self._start(), 0, {}
            oldest = start - BLOCKS_KEPT * (stop - start)
            while self._next < stop:
                cell = next(self._cells)
                if self._next >= oldest:
                    self._waiting[self._next] = cell
                self._next += 1
            taken = [self._waiting.pop(position) for position in range(start, stop)]
            self._waiting = {row: cell for row, cell in self._waiting.items() if row >= oldest}
            return taken
