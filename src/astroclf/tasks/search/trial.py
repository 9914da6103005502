"""One trial of a search: a training that reports, may be pruned, and fails alone."""

from __future__ import annotations

import gc
import logging
import statistics
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from astroclf.errors import Interrupted, Pruned, State, UserError, one_line
from astroclf.failures import is_out_of_memory
from astroclf.runs.folder import RunFolder
from astroclf.settings import Settings, read_settings, sections
from astroclf.sweep.storage import open_storage
from astroclf.sweep.trial import RunningTrial, TrialResult
from astroclf.tasks.reports import SilentTrial, TrialReports
from astroclf.tasks.search.objectives import read_objectives
from astroclf.tracking import open_tracker

ERROR_FILE = "error.txt"


class Reports:
    """Reports the epochs of one training, or its folds or seeds, to the study."""

    def __init__(self, trial: RunningTrial) -> None:
        self.trial = trial

    def report(self, epoch: int, value: float) -> None:
        if self.trial.lags(epoch, value):
            raise Pruned(f"it lagged behind other trials after epoch {epoch}, at {value:.4g}")

    def report_trainings(self, values: Sequence[float]) -> None:
        """Report the running mean, or the last value alone where the pruner tests fold by fold."""
        number, mean = len(values), statistics.fmean(values)
        value = values[-1] if self.trial.pairs_steps else mean
        if self.trial.lags(number, value, so_far=mean):
            raise Pruned(f"it lagged behind other trials after training {number}, at {mean:.4g}")


def run_trial(
    work: Callable[[Settings, TrialReports], Mapping[str, float] | None],
    config: Mapping[str, Any],
    sweeper: Mapping[str, Any],
    number: int,
    folder: Path,
) -> TrialResult:
    """Do the work of a trial; whatever goes wrong ends this trial alone, and is its result.

    work: trains, and returns what was measured. config: the configuration of the trial.
    sweeper: `study_name`, `storage` and `pruner` of hydra.sweeper.
    folder: of the trial, beside the others; the traceback of an unexpected error is kept there.
    """
    try:
        with quiet_console():
            settings = name_in_tracker(read_settings(config), number)
            with remembering_failure(settings, folder):
                figures = work(settings, make_reports(settings, sweeper, number, folder))
        return TrialResult(State.COMPLETE, figures or {})
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
            (folder / ERROR_FILE).write_text(traceback.format_exc())
        return TrialResult(State.FAILED, reason=reason_of(error))
    finally:
        free_device_memory()


def make_reports(
    settings: Settings, sweeper: Mapping[str, Any], number: int, folder: Path
) -> TrialReports:
    """Reports to the study, where what is searched is what every epoch measures."""
    if read_objectives(settings) != (settings.trainer.monitor,):
        return SilentTrial()
    storage = open_storage(sweeper["storage"], folder.parent)
    return Reports(RunningTrial(sweeper["study_name"], storage, sweeper["pruner"], number))


def name_in_tracker(settings: Settings, number: int) -> Settings:
    """With the name `trial-<number>`, unless the user gave one."""
    tracking = settings.tracking
    if not isinstance(tracking, sections.Mlflow) or tracking.run_name is not None:
        return settings
    tracking = tracking.model_copy(update={"run_name": f"trial-{number}"})
    return settings.model_copy(update={"tracking": tracking})


@contextmanager
def remembering_failure(settings: Settings, folder: Path) -> Iterator[None]:
    """A trial that fails before its run in MLflow has begun stands there all the same."""
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
    """Give back what the trial held on the GPU, so that the next one finds room."""
    if torch.cuda.is_available():
        gc.collect()
        torch.cuda.empty_cache()


@contextmanager
def quiet_console() -> Iterator[None]:
    """What a trial says stands in its own run.log; on the terminal it has one line, when it ends."""
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
