"""task=predict: labels and probabilities of new images, in a table that goes on where it stopped."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from astroclf.bundle import Bundle
from astroclf.data.inputs.features import check_features, describe_missing
from astroclf.data.inputs.open import InputOptions, open_input
from astroclf.data.inputs.source import ImageInput
from astroclf.errors import UserError, counted, listed
from astroclf.files import shortest
from astroclf.reports.figures import Figures
from astroclf.reports.predict.page import write_contact_sheet
from astroclf.runs.prediction_progress import PredictionProgress, read_progress, write_progress
from astroclf.runs.prediction_table import PredictionTable, prediction_table
from astroclf.runs.settings import write_settings
from astroclf.settings.sections import PredictSection
from astroclf.status import status
from astroclf.tasks.model_from import open_model
from astroclf.tasks.prediction.identity import checksum_of
from astroclf.tasks.prediction.loop import ChunkWriter, predict_rows, resumable_when_full
from astroclf.tasks.prediction.reasons import require_an_image
from astroclf.tasks.prediction.rows import array_framing, column_names
from astroclf.tasks.prediction.sheet import MOST_SHOWN, contact_sheet
from astroclf.tasks.prediction.submission import require_answers, write_submission
from astroclf.tasks.prediction.summary import Summary, summarize
from astroclf.tasks.run import Run
from astroclf.tasks.startup import start_use
from astroclf.tracking import closing

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Predicting:
    """Model, input and table of one prediction; kind: of the table, csv or parquet."""

    model: Bundle
    images: ImageInput
    options: PredictSection
    table: PredictionTable
    columns: tuple[str, ...]
    kind: str


def main(run: Run) -> None:
    """Write the table of predictions for the images of predict.input, and the contact sheet.

    A run that was stopped goes on after the last row on the disk. Raise UserError if the input
    cannot be used, or if it or the model differ from those that the run began with.
    """
    predicting = _prepare(run)
    progress = _progress(run, predicting)
    if progress.is_complete:
        file = shortest(predicting.table.file)
        log.info("%s is complete: %s", file, counted(progress.rows, "row"))
        return
    with closing(run.tracker), resumable_when_full(run.folder):
        start_use(run, predicting.model)
        write_settings(run.folder, run.settings)
        write_progress(run.folder, progress)
        if not predicting.table.file.exists():  # it is moved there once it has all rows
            writer = ChunkWriter(run.folder, predicting.table, progress)
            predict_rows(predicting.model, predicting.images, writer, predicting.options)
            progress = writer.progress
            predicting.table.finish()
        _finish(run, predicting)
        write_progress(run.folder, progress.model_copy(update={"is_complete": True}))


def _prepare(run: Run) -> Predicting:
    """Open the model and the input. Raise UserError if they cannot be used."""
    options = run.settings.predict
    if options is None or options.input is None:
        raise UserError(
            "predict.input is not set. Give a folder, zip archive, table, HDF5 file or image: predict.input=<path>."
        )
    model = open_model(run.settings)
    if options.format == "galaxy_zoo":
        require_answers(model.classes)
    images = _open_images(model, options.input, options)
    columns = column_names(model.classes, images.columns)
    kind = "parquet" if options.format == "parquet" else "csv"
    table = prediction_table(run.folder, kind, columns)
    return Predicting(model, images, options, table, tuple(columns), kind)


def _open_images(model: Bundle, path: str, options: PredictSection) -> ImageInput:
    with status("listing the images"):
        images = open_input(
            Path(path),
            array_framing(model),
            InputOptions(
                path_column=options.path_column,
                image_columns=options.image_columns,
                pattern=options.pattern,
                id_column=options.id_column,
                keep_columns=options.keep_columns,
                image_root=options.image_root,
                images=options.images,
                max_gigabytes=options.max_gigabytes,
                frames=options.frames,
                ra_column=options.ra_column,
                dec_column=options.dec_column,
                features_columns=model.columns,
            ),
            cutouts=model.cutouts,
        )
    if model.columns:
        with status("checking the catalog columns"):
            missing = check_features(images, model.columns)
        if missing:
            log.warning("%s", describe_missing(missing))
    if images.left_out:
        log.info(
            "left out    %s of other kinds: %s",
            counted(sum(images.left_out.values()), "file"),
            listed(f"{reason} ({count:,})" for reason, count in images.left_out.items()),
        )
    return images


def _progress(run: Run, predicting: Predicting) -> PredictionProgress:
    """Return the record of this run, or a new one. Raise UserError if it is of other predictions."""
    with status("checking the input"):
        new = PredictionProgress(
            model=checksum_of(predicting.model),
            input=predicting.images.fingerprint(),
            columns=predicting.columns,
            kind=predicting.kind,
            total=len(predicting.images),
        )
    known = read_progress(run.folder)
    if known is None:
        return new
    changed = {
        "the trained model": known.model != new.model,
        predicting.images.title: (known.input, known.total) != (new.input, new.total),
        "the format or the columns of the table": (known.columns, known.kind)
        != (new.columns, new.kind),
    }
    for subject, differs in changed.items():
        if differs:
            raise UserError(
                f"{shortest(run.folder.path)} holds {known.rows:,} of {known.total:,} predictions that were made "
                f"before {subject} changed. Predict in another folder, or restore what was changed."
            )
    log.info("resuming    after %s of %s rows", f"{known.rows:,}", f"{known.total:,}")
    return known


def _finish(run: Run, predicting: Predicting) -> None:
    """Check the rows of the complete table, and write what is made of them."""
    table, model, images = predicting.table, predicting.model, predicting.images
    with status("checking the table"):
        has_sets = model.decision.conformal is not None
        summary = summarize(table, model.classes, MOST_SHOWN, has_sets)
    if summary.n != len(images):
        raise UserError(
            f"{table.file} holds {summary.n:,} rows, not {len(images):,}: another program changed it. Predict "
            "again in another folder."
        )
    require_an_image(images, model, {**summary.reasons, "": summary.n_predicted})
    log_summary(summary, table.file)
    if predicting.options.format == "galaxy_zoo":
        rows = write_submission(run.folder.submission, table)
        log.info("submission  %s (%s)", shortest(run.folder.submission), counted(rows, "row"))
    content = contact_sheet(
        f"Predictions of {images.title.partition('=')[2]}", summary, model, images
    )
    write_contact_sheet(run.folder.contact_sheet, content, Figures(run.folder.figures))
    run.tracker.log_artifacts([run.folder.contact_sheet])
    log.info("page        %s", shortest(run.folder.contact_sheet))


def log_summary(summary: Summary, file: Path) -> None:
    """Log the number of images of each class, and the reasons of those that could not be used."""
    counts = listed(f"{name} {n:,}" for name, n in summary.labels.most_common())
    log.info("predicted   %s: %s", counted(summary.n_predicted, "image"), counts)
    if summary.reasons:
        log.warning(
            "%s could not be used, see the column reason of %s: %s.",
            counted(summary.reasons.total(), "image"),
            shortest(file),
            listed(f"{reason} ({n:,})" for reason, n in summary.reasons.most_common(5)),
        )
    if summary.n_invalid:
        log.warning(
            "Invalid pixels (NaN, infinite or blank) in %s were replaced by the sky of the image: %.2g %% of the pixels "
            "of one image at most. See the column invalid_share.",
            counted(summary.n_invalid, "image"),
            100 * summary.largest_invalid,
        )
    log.info("predictions %s", shortest(file))
