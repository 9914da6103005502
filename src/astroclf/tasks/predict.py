"""task=predict: labels and probabilities of new images."""

from __future__ import annotations

import logging
from pathlib import Path

from astroclf.errors import UserError
from astroclf.files import shortest, write_csv
from astroclf.tasks.model_from import open_model
from astroclf.tasks.run import Run

log = logging.getLogger(__name__)


def main(run: Run) -> None:
    """Write predictions.csv for the images of predict.input."""
    options = run.settings.predict
    if options is None or options.input is None:
        raise UserError(
            "predict.input is not set. Give a folder of images as predict.input=<folder>."
        )
    model = open_model(run.settings)
    files = sorted(each for each in Path(options.input).rglob("*") if each.is_file())
    rows = []
    for start in range(0, len(files), options.batch_size):
        batch = files[start : start + options.batch_size]
        predicted = model.prediction(model.read_files(batch))
        rows += [
            [file.stem, str(file), model.classes[label], *probabilities]
            for file, label, probabilities in zip(
                batch, predicted.leading, predicted.probabilities.tolist(), strict=True
            )
        ]
    write_csv(
        run.folder.predictions, ["id", "path", "label", *(f"p_{c}" for c in model.classes)], rows
    )
    log.info("predictions %s", shortest(run.folder.predictions))
