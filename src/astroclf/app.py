"""From a composed configuration to checked settings and the task they name; what it ends with."""

from __future__ import annotations

import functools
import logging
import os
import shutil
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import configure_log
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, OmegaConf

from astroclf.errors import Interrupted, UserError
from astroclf.redaction import redact, redact_files
from astroclf.status import status
from astroclf.sweep.nodes import STUDY_VARIABLE, TRIAL_VARIABLE
from astroclf.tasks.repeat.record import RECORD_FILE, read_record

if TYPE_CHECKING:
    from astroclf.settings import Settings
    from astroclf.sweep.trial import TrialResult
    from astroclf.tasks.memory import Memory
    from astroclf.tasks.reports import TrialReports

# What may be given beside resume=<folder>; everything else is as the stopped run had it.
CHANGEABLE_ON_RESUME = ("trainer.epochs", "trainer.device", "trainer.threads", "tracking")


def _run_dir(resume: str | None, fresh: str) -> str:
    """A resumed run goes on in its own folder; every other run gets a fresh one."""
    records = ("checkpoint", RECORD_FILE)
    began = resume and any((Path(resume) / name).exists() for name in records)
    return str(resume) if began else fresh


def _run_record(resume: str | None) -> str | None:
    """The sub-folder for Hydra's record, or None so that a resumed run keeps its first record."""
    return None if resume else ".hydra"


def _sweep_name(study: str | None, fresh: str) -> str:
    """A study goes on in its own folder; every other sweep gets a fresh one."""
    return study or fresh


# Read when torch is imported: threads that wait for each other sleep, so that a core on which
# another process runs does not hold up all others.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Hydra 1.3 needs what Hydra 1.4 will not need any more, and OmegaConf 2.4 renames what comes next.
warnings.filterwarnings("ignore", "The version_base parameter is deprecated")
warnings.filterwarnings("ignore", r"register_new_resolver\(\) is deprecated")

# Hydra resolves the run's folder from these, so they must stand before it composes anything.
OmegaConf.register_new_resolver("run_dir", _run_dir, replace=True)
OmegaConf.register_new_resolver("run_record", _run_record, replace=True)
OmegaConf.register_new_resolver("sweep_name", _sweep_name, replace=True)


def require_readable(arguments: Sequence[str]) -> None:
    """Ends the program with a sentence and exit code 2 where an override of the command line cannot
    be read: Hydra would say it in the terms of its parser."""
    from astroclf.sweep.syntax import parse

    try:
        for argument in arguments:
            if "=" in argument and not argument.startswith("-"):
                parse(argument)
    except UserError as error:
        _refuse(error, "")
        sys.exit(2)


def dispatch(config: DictConfig) -> float | TrialResult | None:
    """Do what the configuration asks; returns the value that a search optimizes, if there is one.

    A job that is the trial of a search returns how it ended, whatever happened.

    A UserError ends the program with its sentence and exit code 2; where HYDRA_FULL_ERROR is set it is
    raised, for the reader of the traceback. A run that was asked to stop exits with 128 + the number
    of the signal.
    """
    folder = Path(HydraConfig.get().runtime.output_dir)
    redact_files(folder / ".hydra")
    if TRIAL_VARIABLE in os.environ:
        return _run_trial(config, int(os.environ[TRIAL_VARIABLE]), folder)
    try:
        return _run(config, folder)
    except UserError as error:
        _refuse(error, _job())
        _discard_empty(folder)
        sys.exit(2)
    except KeyboardInterrupt:
        print(
            "\nastroclf: stopped by SIGINT outside of training, so nothing new was kept: start the command again.",
            file=sys.stderr,
        )
        sys.exit(130)
    except Interrupted as interrupted:
        sys.exit(128 + interrupted.signal_number)


def search(
    config: DictConfig, hydra_context: HydraContext, launcher: Launcher, arguments: list[str]
) -> float | None:
    """Do what `-m hydra/sweeper=optuna` asks; returns the best value. Exit codes are as of `dispatch`.

    config: composed without what is searched. arguments: the user's overrides.
    """
    from astroclf.sweep.search import Stopped
    from astroclf.tasks.search.compositions import Compositions
    from astroclf.tasks.search.search import search

    def launch(overrides: Sequence[list[str]], first: int) -> list[Any]:
        return [job._return_value for job in launcher.launch(overrides, initial_job_idx=first)]

    configure_log(config.hydra.hydra_logging, config.hydra.verbose)
    for name in ("hydra", "hydra_plugins"):  # each trial has its own line
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        return search(Compositions(config, hydra_context.config_loader, arguments), launch)
    except UserError as error:
        _refuse(error, "")
        sys.exit(2)
    except Stopped as stopped:
        sys.exit(128 + stopped.signal_number)


def _refuse(error: UserError, job: str) -> None:
    """Say the sentence; raises it where the user wants the traceback."""
    if os.environ.get("HYDRA_FULL_ERROR"):
        raise error
    print(f"astroclf: {job}{redact(str(error))}", file=sys.stderr)


def _job() -> str:
    """Which job of a multirun this is, or "" for a single run."""
    hydra = HydraConfig.get()
    return f"job #{hydra.job.num}: " if hydra.mode == RunMode.MULTIRUN else ""


def _discard_empty(folder: Path) -> None:
    """Remove the folder of a run that was refused before it left anything but its settings."""
    left = [path for path in folder.rglob("*") if path.is_file() and ".hydra" not in path.parts]
    if all(path.suffix == ".log" and path.stat().st_size == 0 for path in left):
        shutil.rmtree(folder, ignore_errors=True)


def _run_trial(config: DictConfig, number: int, folder: Path) -> TrialResult:
    from astroclf.tasks.search.trial import run_trial
    from astroclf.tasks.task import run_task

    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    hydra = HydraConfig.get().sweeper
    sweeper = {
        "study_name": os.environ[STUDY_VARIABLE],
        "storage": hydra.storage,
        "pruner": dict(hydra.pruner),
    }

    def work(settings: Settings, trial: TrialReports) -> dict[str, float] | None:
        return run_task(settings, folder, plain, memory=_process_memory(), trial=trial)

    return run_trial(work, plain, sweeper, number, folder)


@functools.cache
def _process_memory() -> Memory:
    """What the jobs of one process share."""
    from astroclf.tasks.memory import Memory

    return Memory()


def _run(config: DictConfig, folder: Path) -> float | None:
    from astroclf.settings import read_settings

    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    if plain["resume"] is not None:
        plain = _resumed(plain, HydraConfig.get().overrides.task)
    hydra = HydraConfig.get()
    if hydra.mode == RunMode.RUN and hydra.runtime.choices.get("hydra/sweeper") == "optuna":
        raise UserError(
            "hydra/sweeper=optuna searches with -m only: python run.py -m hydra/sweeper=optuna"
        )
    settings = read_settings(plain)
    if "torch" not in sys.modules:
        logging.getLogger(__name__).info("importing PyTorch")
    with status("importing PyTorch"):  # which no wrong setting should wait for
        from astroclf.tasks.task import run_task

    memory = _process_memory() if hydra.mode == RunMode.MULTIRUN else None
    figures = run_task(settings, folder, plain, memory=memory)
    return None if figures is None else figures[settings.trainer.monitor]


def _resumed(config: dict[str, Any], overrides: list[str]) -> dict[str, Any]:
    """The configuration of the stopped run, with the few changes that a resume may bring."""
    changes = [override.split("=", 1)[0].lstrip("+~") for override in overrides]
    for key in changes:
        if key != "resume" and key.split(".")[0] != "tracking" and key not in CHANGEABLE_ON_RESUME:
            raise UserError(
                f"{key} cannot be changed when a run is resumed: it goes on with its own settings, and only "
                f"{', '.join(CHANGEABLE_ON_RESUME)} may be given beside resume."
            )
    from astroclf.training.checkpoint import read_checkpoint

    folder = Path(config["resume"])
    record = read_record(folder)
    stored: dict[str, Any] = read_checkpoint(folder)["config"] if record is None else record.config
    for key in ("epochs", "device", "threads"):
        if f"trainer.{key}" in changes:
            stored["trainer"][key] = config["trainer"][key]
    if any(key.split(".")[0] == "tracking" for key in changes):
        stored["tracking"] = config["tracking"]
    return {**stored, "resume": config["resume"]}
