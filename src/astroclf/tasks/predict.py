"""task=predict: labels and probabilities of new images, in a table that goes on where it stopped."""

from __future__ import annotations

import logging
from pathlib import Path

from astroclf.bundle import Bundle
from astroclf.data.inputs.open import InputOptions, open_input
from astroclf.data.inputs.source import ImageInput
from astroclf.errors import UserError, counted, listed
from astroclf.files import shortest
from astroclf.runs.prediction_progress import PredictionProgress, read_progress, write_progress
from astroclf.runs.prediction_table import PredictionTable, prediction_table
from astroclf.runs.settings import write_settings
from astroclf.settings.sections import PredictSection
from astroclf.status import status
from astroclf.tasks.model_from import open_model
from astroclf.tasks.prediction.identity import checksum_of
from astroclf.tasks.prediction.loop import ChunkWriter, predict_rows, resumable_when_full
from astroclf.tasks.prediction.rows import array_framing, column_names
from astroclf.tasks.run import Run

log = logging.getLogger(__name__)


def main(run: Run) -> None:
    """Write the table of predictions for the images of predict.input.

    A run that was stopped goes on after the last row on the disk. Raise UserError if the input
    cannot be used, or if it or the model differ from those that the run began with.
    """
    options = run.settings.predict
    if options is None or options.input is None:
        raise UserError(
            "predict.input is not set. Give a folder, zip archive, table, HDF5 file or image: predict.input=<path>."
        )
    model = open_model(run.settings)
    images = _open_images(model, options)
    names = column_names(model.classes, images.columns)
    kind = "parquet" if options.format == "parquet" else "csv"
    table = prediction_table(run.folder, kind, names)
    progress = _progress(run, model, images, names, kind)
    if progress.is_complete:
        log.info("%s is complete: %s", shortest(table.file), counted(progress.rows, "row"))
        return
    with resumable_when_full(run.folder):
        write_settings(run.folder, run.settings)
        write_progress(run.folder, progress)
        writer = ChunkWriter(run.folder, table, progress)
        predict_rows(model, images, writer, options)
        _finish(run, table, writer.progress)


def _open_images(model: Bundle, options: PredictSection) -> ImageInput:
    with status("listing the images"):
        images = open_input(
            Path(options.input or ""),
            array_framing(model),
            InputOptions(
                path_column=options.path_column,
                id_column=options.id_column,
                keep_columns=options.keep_columns,
                image_root=options.image_root,
                images=options.images,
                max_gigabytes=options.max_gigabytes,
            ),
        )
    if images.left_out:
        log.info(
            "left out %s files that are not images: %s",
            f"{sum(images.left_out.values()):,}",
            listed(f"{reason} ({count:,})" for reason, count in images.left_out.items()),
        )
    return images


def _progress(
    run: Run, model: Bundle, images: ImageInput, names: list[str], kind: str
) -> PredictionProgress:
    """Return the record of this run, or a new one. Raise UserError if it is of other predictions."""
    new = PredictionProgress(
        model=checksum_of(model),
        input=images.fingerprint(),
        columns=tuple(names),
        kind=kind,
        total=len(images),
    )
    known = read_progress(run.folder)
    if known is None:
        return new
    changed = {
        "the trained model": known.model != new.model,
        images.title: (known.input, known.total) != (new.input, new.total),
        "the columns or the format of the table": (known.columns, known.kind)
        != (new.columns, kind),
    }
    for subject, differs in changed.items():
        if differs:
            raise UserError(
                f"{shortest(run.folder.path)} holds {known.rows:,} of {known.total:,} predictions that were made "
                f"before {subject} changed. Predict in another folder, or restore what was changed."
            )
    log.info("resuming after %s of %s rows", f"{known.rows:,}", f"{known.total:,}")
    return known


def _finish(run: Run, table: PredictionTable, progress: PredictionProgress) -> None:
    """Move the complete table into its place, and check its rows."""
    if table.draft.exists():
        table.finish()
    rows = sum(len(part["id"]) for part in table.read(["id"]))
    if rows != progress.total:
        raise UserError(
            f"{table.file} holds {rows:,} rows, not {progress.total:,}: another program changed it. Predict again in another folder."
        )
    write_progress(run.folder, progress.model_copy(update={"is_complete": True}))
    log.info("predictions %s", shortest(table.file))
