"""One trial of a search: a training that may be pruned, and whose failure ends it alone."""

from __future__ import annotations

import gc
import logging
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from astroclf.data.dataset import ImageDataset
from astroclf.errors import Interrupted, Pruned, State, UserError, one_line
from astroclf.failures import is_out_of_memory
from astroclf.models import require_model
from astroclf.runs.folder import RunFolder
from astroclf.settings import Settings, read_settings, sections
from astroclf.sweep.best_trials import is_among_best
from astroclf.sweep.storage import open_storage
from astroclf.sweep.targets import Node
from astroclf.sweep.trial import RunningTrial, TrialResult
from astroclf.tasks.cache import Cache
from astroclf.tasks.callbacks import TRIAL_CALLBACKS
from astroclf.tasks.repeat.repeat import repeat
from astroclf.tasks.repeat.results import write_spread
from astroclf.tasks.run import Run, open_run
from astroclf.tasks.search.kept_models import write_trial_bundle
from astroclf.tasks.search.objectives import read_objectives
from astroclf.tasks.search.pruning import Pruning
from astroclf.tasks.search.space import is_single
from astroclf.tasks.train import train
from astroclf.tasks.trained import Trained
from astroclf.tracking import closing, open_tracker


@dataclass(frozen=True)
class StudyAddress:
    """Study of a trial, and its number there. storage and pruner: those of hydra.sweeper."""

    name: str
    storage: str | None
    pruner: Node
    number: int


def run_trial(
    config: Mapping[str, Any], study: StudyAddress, folder: Path, cache: Cache
) -> TrialResult:
    """Train as a trial of a study; whatever goes wrong ends this trial alone, and is its result.

    config: of the trial. folder: of the trial, beside the others; the traceback of an unexpected
    error is written there. cache: shared by the trials of this process.
    """
    try:
        with quiet_console():
            settings = name_in_tracker(read_settings(config), study.number)
            with failure_tracked(settings, folder):
                measured = do_trial(open_trial(settings, study, folder, cache), study)
        return TrialResult(State.COMPLETE, measured)
    except Pruned as pruned:
        return TrialResult(State.PRUNED, reason=str(pruned))
    except Interrupted as interrupted:
        return TrialResult(
            State.INTERRUPTED, reason=str(interrupted), signal_number=interrupted.signal_number
        )
    except KeyboardInterrupt:
        return TrialResult(State.INTERRUPTED, reason="SIGINT", signal_number=2)
    except Exception as error:
        if not isinstance(error, UserError):
            RunFolder(folder).error.write_text(traceback.format_exc())
        return TrialResult(State.FAILED, reason=reason_of(error))
    finally:
        free_device_memory()


def do_trial(run: Run, study: StudyAddress) -> dict[str, float]:
    """Train once, or with several seeds or folds; return the metrics and costs that are optimized.

    The model of a single training is kept while it is among the best of the study.
    """
    require_model(run.settings.model)
    if is_single(run.settings):
        trained = train_tracked(run)
        if is_among_best(
            trained.measured[read_objectives(run.settings)[0]],
            run.settings.search.keep_models,
            study.name,
            open_storage(study.storage, run.folder.path.parent),
        ):
            write_trial_bundle(run, trained)
        return trained.measured
    with closing(run.tracker):
        repeated = repeat(run, train_tracked)
        write_spread(run, repeated)
    return repeated.measured


def train_tracked(run: Run, dataset: ImageDataset | None = None) -> Trained:
    """Train, and close the run in its tracker."""
    with closing(run.tracker):
        return train(run, dataset)


def open_trial(settings: Settings, study: StudyAddress, folder: Path, cache: Cache) -> Run:
    """Return the run of a trial, which the study may prune where its objective is the monitored metric."""
    run = open_run(settings, folder, cache=cache, parent=folder.parent)
    run = replace(run, callbacks=TRIAL_CALLBACKS)
    if read_objectives(settings) != (settings.trainer.monitor,):
        return run
    storage = open_storage(study.storage, folder.parent)
    pruning = Pruning(RunningTrial(study.name, storage, study.pruner, study.number))
    if is_single(settings):
        return replace(run, callbacks=(*TRIAL_CALLBACKS, lambda run, training: pruning))
    return replace(run, on_repetition=(pruning.on_repetition,))


def name_in_tracker(settings: Settings, number: int) -> Settings:
    """Return the settings with the run name `trial-<number>`, unless the user gave one."""
    tracking = settings.tracking
    if not isinstance(tracking, sections.Mlflow) or tracking.run_name is not None:
        return settings
    tracking = tracking.model_copy(update={"run_name": f"trial-{number}"})
    return settings.model_copy(update={"tracking": tracking})


@contextmanager
def failure_tracked(settings: Settings, folder: Path) -> Iterator[None]:
    """Log a failure that precedes the start of the trial's run in MLflow."""
    try:
        yield
    except (Pruned, Interrupted):
        raise
    except Exception as error:
        if not RunFolder(folder).tracked_run.exists():
            tracker = open_tracker(settings.tracking, folder, parent=folder.parent)
            tracker.start(f"trial-{folder.name}", settings.model_dump(exclude={"search"}), {})
            tracker.end(State.FAILED, reason_of(error))
        raise


def reason_of(error: Exception) -> str:
    """Return the reason of a failure in one line, for the study."""
    if isinstance(error, UserError):
        return one_line(error, 2_000)
    text = one_line(error, 500)
    return (
        f"out of memory ({text})" if is_out_of_memory(error) else f"{type(error).__name__}: {text}"
    )


def free_device_memory() -> None:
    """Release the cached GPU memory of the trial for the next one."""
    if torch.cuda.is_available():
        gc.collect()
        torch.cuda.empty_cache()


@contextmanager
def quiet_console() -> Iterator[None]:
    """Log to run.log of the trial alone; on the terminal it has one line, when it ends."""
    consoles = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler)
        and not isinstance(handler, logging.FileHandler)
    ]
    levels = [handler.level for handler in consoles]
    for handler in consoles:
        handler.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for handler, level in zip(consoles, levels, strict=True):
            handler.setLevel(level)
