"""Train once a seed or once a fold, and measure mean and spread of the metrics."""

from __future__ import annotations

import logging
import statistics
from collections.abc import Iterable, Mapping, Sequence

from astroclf.data.splits import write_split
from astroclf.errors import UserError
from astroclf.provenance import provenance
from astroclf.runs.folder import RunFolder
from astroclf.runs.manifest import Manifest, read_manifest, write_manifest
from astroclf.runs.metrics import read_metrics
from astroclf.runs.predictions import read_predictions
from astroclf.runs.settings import write_settings
from astroclf.tasks.datasets import get_dataset
from astroclf.tasks.repeat.repetitions import (
    Repetition,
    describe_folds,
    fold_images,
    name_of_all,
    repeat_folds,
    repeat_seeds,
)
from astroclf.tasks.repeat.results import write_results
from astroclf.tasks.run import Run
from astroclf.tasks.train import train
from astroclf.tracking import closing

log = logging.getLogger(__name__)


def repeat(run: Run) -> dict[str, float]:
    """Train once for each of settings.seeds, else once for each fold, each in a sub-folder.

    A resumed run skips trainings that are complete.

    Returns the mean of what `train` returns. Raises Interrupted, and Pruned if a trial is pruned.
    """
    settings, tracker = run.settings, run.tracker
    manifest = start_manifest(run)
    if settings.seeds is not None:
        dataset = get_dataset(settings, run.cache)
        repetitions = repeat_seeds(settings, dataset.fingerprint)
    else:
        dataset = fold_images(settings, run.cache)
        log.info(describe_folds(settings, dataset))
        repetitions = repeat_folds(settings, dataset, run.cache)
        write_split(dataset, run.folder.split)
    write_manifest(run.folder, manifest)  # before the settings, whose epochs may be new
    write_settings(run.folder, settings)
    with closing(tracker):
        origin = run.cache.get_or_create("origin", None, provenance)
        source = {"mlflow.source.name": "run.py", "mlflow.source.git.commit": origin["git_commit"]}
        parameters = settings.model_dump(exclude={"search"})
        tracker.start(name_of_all(settings, dataset.fingerprint), parameters, {**origin, **source})
        tracker.wait()  # so that the trainings can be nested under it
        train_each(run, repetitions, manifest, dataset.classes)
        children = [run.folder.child(repetition.name) for repetition in repetitions]
        write_results(run, children, dataset)
    return mean_of(manifest.measured.values())


def start_manifest(run: Run) -> Manifest:
    """Return the record of complete trainings: none in a new run, or with another number of epochs."""
    epochs = run.settings.trainer.epochs
    if run.resumes:
        known = read_manifest(run.folder)
        if known.epochs == epochs:
            return known
    return Manifest(epochs=epochs)


def train_each(
    run: Run, repetitions: Sequence[Repetition], manifest: Manifest, classes: Sequence[str]
) -> None:
    """Run the trainings that are not in the record, or whose results are damaged, and record them."""
    for number, repetition in enumerate(repetitions, start=1):
        name, monitor = repetition.name, repetition.settings.trainer.monitor
        done = name in manifest.measured and has_results(run.folder.child(name), classes)
        title = f"{name}, {number} of {len(repetitions)}"
        if done:
            log.info("%s, is done", title)
        else:
            log.info("\n%s", title)
            child = run.child(name, repetition.settings)
            manifest.measured[name] = train(child, repetition.dataset)
        write_manifest(run.folder, manifest)
        so_far = [manifest.measured[each.name][monitor] for each in repetitions[:number]]
        for report in run.on_repetition:
            report(so_far)


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
