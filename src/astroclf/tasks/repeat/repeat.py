"""The same training several times, once a seed or once a fold: mean and spread of its figures."""

from __future__ import annotations

import logging
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from astroclf.data.splits import write_split
from astroclf.errors import Interrupted, Pruned
from astroclf.provenance import provenance
from astroclf.runs.manifest import Record, continue_record
from astroclf.settings import Settings
from astroclf.tasks.cache import Memory
from astroclf.tasks.datasets import get_dataset
from astroclf.tasks.repeat.repetitions import (
    Repetition,
    describe_folds,
    fold_images,
    name_of_all,
    repeat_folds,
    repeat_seeds,
)
from astroclf.tasks.repeat.stored_results import has_results
from astroclf.tasks.repeat.together import report_together
from astroclf.tasks.reports import SilentTrial, TrialReports
from astroclf.tasks.train import train
from astroclf.tracking import closing, open_tracker
from astroclf.training.checkpoint import checkpoint_path

log = logging.getLogger(__name__)


def repeat(
    settings: Settings,
    folder: Path,
    config: dict[str, Any],
    *,
    memory: Memory | None = None,
    trial: TrialReports | None = None,
) -> dict[str, float]:
    """Train once for each of settings.seeds, else once for each fold, in folders of their own.

    config["resume"]: go on here; trainings that are done are not done again. trial: of a search;
    the monitored values so far are reported to it after each training, none of which looks at test.

    Returns the mean of what `train` returns. Raises Interrupted, and Pruned if the trial should end.
    """
    memory = memory or Memory()
    resumed = config["resume"] is not None
    record = continue_record(folder, config) if resumed else Record(folder, config, {})
    if settings.seeds is not None:
        dataset = get_dataset(settings, memory)
        repetitions = repeat_seeds(settings, config, dataset.fingerprint)
    else:
        dataset = fold_images(settings, memory)
        log.info(describe_folds(settings, dataset))
        repetitions = repeat_folds(settings, config, dataset, memory)
        write_split(dataset, folder / "split.csv")
    if trial is None:
        record.write()
    tracker = open_tracker(settings.tracking, folder)
    with closing(tracker, stopped=(Interrupted, KeyboardInterrupt), done=(Pruned,)):
        origin = memory.recall("origin", None, provenance)
        source = {"mlflow.source.name": "run.py", "mlflow.source.git.commit": origin["git_commit"]}
        parameters = settings.model_dump(exclude={"search"})
        tracker.start(name_of_all(settings, dataset.fingerprint), parameters, {**origin, **source})
        tracker.wait()  # the trainings look for this run, to be nested under it
        train_each(repetitions, folder, record, dataset.classes, memory, trial)
        own = [folder / repetition.name for repetition in repetitions]
        report_together(settings, own, dataset, tracker, is_trial=trial is not None)
    return mean_figures(record.figures.values())


def train_each(
    repetitions: Sequence[Repetition],
    folder: Path,
    record: Record,
    classes: Sequence[str],
    memory: Memory,
    trial: TrialReports | None,
) -> None:
    """Do the trainings that are not in the record, or whose results are damaged; record them."""
    for number, repetition in enumerate(repetitions, start=1):
        own, settings = folder / repetition.name, repetition.settings
        done = repetition.name in record.figures and has_results(own, classes)
        title = f"{repetition.name}, {number} of {len(repetitions)}"
        if done:
            log.info("%s, is done", title)
        else:
            log.info("\n%s", title)
            own.mkdir(exist_ok=True)
            record.figures[repetition.name] = train_one(repetition, own, memory, trial)
        if trial is None:
            record.write()
        else:
            so_far = [record.figures[each.name] for each in repetitions[:number]]
            trial.report_trainings([figures[settings.trainer.monitor] for figures in so_far])


def train_one(
    repetition: Repetition, folder: Path, memory: Memory, trial: TrialReports | None
) -> dict[str, float]:
    """What `train` measures; a resumed one goes on where it was stopped."""
    resumed = repetition.config["resume"] is not None
    began = resumed and checkpoint_path(folder).is_file()
    return train(
        repetition.settings,
        folder,
        {**repetition.config, "resume": str(folder) if began else None},
        dataset=repetition.dataset,
        memory=memory,
        trial=None if trial is None else SilentTrial(),
    )


def mean_figures(figures: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """figure -> its mean; NaN where one is."""
    rows = list(figures)
    return {name: statistics.fmean(row[name] for row in rows) for name in rows[0]}
