"""The loop over an input: predict its blocks and write them in chunks."""

from __future__ import annotations

import errno
import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from astroclf.bundle import Bundle
from astroclf.commands import run_command
from astroclf.data.inputs.source import ImageInput
from astroclf.data.inputs.stream import read_blocks
from astroclf.errors import Interrupted, UserError, counted, listed
from astroclf.files import shortest
from astroclf.interruption import graceful_interrupt
from astroclf.runs.folder import RunFolder
from astroclf.runs.prediction_progress import PredictionProgress, write_progress
from astroclf.runs.prediction_table import PredictionTable
from astroclf.settings.sections import PredictSection
from astroclf.status import status
from astroclf.tasks.prediction.rows import Columns, predict_block
from astroclf.tasks.prediction.stopwatch import Stopwatch

CHUNK_ROWS, CHUNK_S = 8192, 10.0  # a chunk is written after so many rows or seconds
log = logging.getLogger(__name__)

FULL = (errno.ENOSPC, errno.EDQUOT)


class ChunkWriter:
    """Writer of rows that are counted in the record of progress once they are on the disk."""

    def __init__(
        self, folder: RunFolder, table: PredictionTable, progress: PredictionProgress
    ) -> None:
        self.progress = progress
        self._folder, self._table = folder, table
        self._pending: list[Columns] = []
        self._last_s = time.monotonic()
        table.truncate(progress.position)

    def add(self, columns: Columns) -> None:
        """Add rows; write a chunk if it is time."""
        self._pending.append(columns)
        rows = sum(len(each["id"]) for each in self._pending)
        if rows >= CHUNK_ROWS or time.monotonic() - self._last_s >= CHUNK_S:
            self.flush()

    def flush(self) -> None:
        """Write the rows so far. Raise OSError."""
        if self._pending:
            chunk = _joined(self._pending)
            position = self._table.append(chunk)
            rows = self.progress.rows + len(chunk["id"])
            self.progress = self.progress.model_copy(update={"rows": rows, "position": position})
            write_progress(self._folder, self.progress)
            self._pending = []
        self._last_s = time.monotonic()


def predict_rows(
    model: Bundle, images: ImageInput, writer: ChunkWriter, options: PredictSection
) -> None:
    """Predict the rows that are not on the disk yet, and write them.

    Raise Interrupted after what was predicted is written, and UserError if the disk is full.
    """
    first, total = writer.progress.rows, len(images)
    watch = Stopwatch()
    with (
        graceful_interrupt() as request,
        status("predicting", total, unit="image", done=first) as shown,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # of decoders, about files whose reason is in the table
        for block in read_blocks(images, options.batch_size, first, options.threads):
            watch.lap("waiting for images")
            predicted = predict_block(model, block, images.columns)
            watch.lap("network")
            if block.start == 0 and predicted.prediction is None:
                reasons = listed(dict.fromkeys(predicted.block.reasons), 3)
                log.warning(
                    "The first %s cannot be used: %s.", counted(len(block), "image"), reasons
                )
            writer.add(predicted.columns(model.classes, images.columns))
            watch.lap("writing")
            shown.update(len(block), note=f"{(block.stop - first) / watch.total_s:,.0f} images/s")
            if request.signal_number is not None:
                writer.flush()
                state = f"{writer.progress.rows:,} of {total:,} images"
                raise Interrupted(request.signal_number, state)
        writer.flush()
        watch.lap("writing")
    speed = (total - first) / max(watch.total_s, 1e-9)
    log.info("%-12s%s images/s: %s", "speed", f"{speed:,.0f}", watch.shares())


@contextmanager
def resumable_when_full(folder: RunFolder) -> Iterator[None]:
    """Re-raise the OSError of a full disk as a UserError with the command that goes on."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise UserError(
            f"{shortest(folder.path)} cannot be written: the disk is full. Free some space, then go on where "
            f"it stopped: {run_command(resume=shortest(folder.path))}"
        ) from error


def _joined(parts: list[Columns]) -> Columns:
    def column(name: str) -> list[str] | np.ndarray:
        values = [each[name] for each in parts]
        if isinstance(values[0], np.ndarray):
            return np.concatenate(values)
        return [cell for each in values for cell in each]

    return {name: column(name) for name in parts[0]}
