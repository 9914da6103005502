"""Train once a seed or once a fold, and measure the mean of the metrics."""

from __future__ import annotations

import logging
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from astroclf.data.dataset import ImageDataset
from astroclf.data.splits import write_split
from astroclf.errors import UserError
from astroclf.provenance import provenance
from astroclf.runs.folder import RunFolder
from astroclf.runs.manifest import Manifest, read_manifest, write_manifest
from astroclf.runs.metrics import read_metrics
from astroclf.runs.predictions import read_predictions
from astroclf.runs.settings import write_settings
from astroclf.tasks.data_checks import require_no_leaks
from astroclf.tasks.datasets import get_dataset
from astroclf.tasks.repeat.repetitions import (
    describe_folds,
    fold_images,
    name_of_all,
    repeat_folds,
    repeat_seeds,
)
from astroclf.tasks.run import Run
from astroclf.tasks.startup import start_tracker
from astroclf.tasks.trained import Trained

log = logging.getLogger(__name__)


TrainOne = Callable[[Run, ImageDataset | None], Trained]


@dataclass(frozen=True, eq=False)
class Repeated:
    """Finished trainings of several seeds or folds.

    folders: one a training. dataset: that of every seed, or with a fold as the split of each image.
    measured: mean of the metrics and costs that a search may optimize; NaN where one is.
    """

    folders: Sequence[RunFolder]
    dataset: ImageDataset
    measured: dict[str, float]


def repeat(run: Run, train_one: TrainOne) -> Repeated:
    """Train once for each of settings.seeds, else once for each fold, each in a sub-folder.

    A resumed run skips trainings that are complete. The run is started in its tracker; the caller
    closes it. Raises what `train_one` raises.
    """
    settings = run.settings
    manifest = start_manifest(run)
    if settings.seeds is not None:
        dataset = get_dataset(settings, run.cache)
        repetitions = repeat_seeds(settings, dataset.fingerprint)
    else:
        dataset = fold_images(settings, run.cache)
        require_no_leaks(settings, dataset)  # between the folds and the images that are held out
        log.info(describe_folds(settings, dataset))
        repetitions = repeat_folds(settings, dataset, run.cache)
        write_split(dataset, run.folder.split)
    if run.is_resumable:
        write_manifest(run.folder, manifest)  # before the settings, whose epochs may be new
    write_settings(run.folder, settings)
    code = run.cache.get_or_create("origin", None, provenance)
    origin = {**code, "dataset_fingerprint": dataset.fingerprint}
    start_tracker(run, name_of_all(settings, dataset.fingerprint), origin)
    run.tracker.wait()  # so that the trainings can be nested under it
    for number, repetition in enumerate(repetitions, start=1):
        title = f"{repetition.name}, {number} of {len(repetitions)}"
        if repetition.name in manifest.measured and has_results(
            run.folder.child(repetition.name), dataset.classes
        ):
            log.info("%s, is done", title)
        else:
            log.info("\n%s", title)
            child = run.child(repetition.name, repetition.settings)
            trained = train_one(child, repetition.dataset)
            manifest.measured[repetition.name] = trained.measured
        record_progress(run, manifest, [each.name for each in repetitions[:number]])
    folders = [run.folder.child(repetition.name) for repetition in repetitions]
    return Repeated(folders, dataset, mean_of(manifest.measured.values()))


def start_manifest(run: Run) -> Manifest:
    """Return the record of complete trainings: none in a new run, or with another number of epochs."""
    epochs = run.settings.trainer.epochs
    if run.resumes:
        known = read_manifest(run.folder)
        if known.epochs == epochs:
            return known
    return Manifest(epochs=epochs)


def record_progress(run: Run, manifest: Manifest, done: Sequence[str]) -> None:
    """Write the record of the trainings that are done, and report their monitored values."""
    if run.is_resumable:
        write_manifest(run.folder, manifest)
    monitored = [manifest.measured[name][run.settings.trainer.monitor] for name in done]
    for report in run.on_repetition:
        report(monitored)


def has_results(folder: RunFolder, classes: Sequence[str]) -> bool:
    """Return whether the results of a training are there and undamaged."""
    try:
        read_metrics(folder)
        read_predictions(folder, classes)
    except UserError:
        return False
    return True


def mean_of(measured: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each metric and cost; NaN where one is."""
    rows = list(measured)
    return {name: statistics.fmean(row[name] for row in rows) for name in rows[0]}
