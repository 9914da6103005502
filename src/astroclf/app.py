"""Command line: composition by Hydra, dispatch to a run, a job or a trial, and the exit code."""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import hydra
from hydra._internal import utils as hydra_utils
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import configure_log
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, read_write

from astroclf.composition import plain_config
from astroclf.errors import Interrupted, UserError
from astroclf.failures import explain_error, report_error
from astroclf.files import named_path
from astroclf.installation import CONF, program
from astroclf.interruption import handle_signals
from astroclf.overrides import (
    check_arguments,
    check_working_directory,
    explain_refusal,
    is_of_hydra,
    quote_patterns,
)
from astroclf.redaction import redact_files
from astroclf.runs.callback import discard_claims, release_claims
from astroclf.runs.claim import lock_folder
from astroclf.runs.interrupted import describe_interrupt
from astroclf.runs.jobs import FailedJob
from astroclf.status import status
from astroclf.sweep.nodes import STUDY_VARIABLE, TRIAL_VARIABLE
from astroclf.sweep.workers import end_with_parent
from astroclf.tasks.cache import Cache

if TYPE_CHECKING:
    from astroclf.sweep.trial import TrialResult

log = logging.getLogger(__name__)
_process_cache = functools.cache(Cache)  # shared by the jobs of one process

# Read when torch is imported: waiting threads sleep, so that a core that another process uses does
# not delay all others.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def start(arguments: list[str]) -> int:
    """Run the command with these arguments and return its exit code.

    0: done. 1: a defect, with its traceback. 2: one sentence (see `failures.explain_error`).
    128 + n: stopped by signal n.
    """
    main = hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(dispatch)
    # Hydra would print its errors and exit; here they are raised, to be reported in one sentence.
    report = hydra_utils.run_and_report
    hydra_utils.run_and_report = lambda func: func()
    try:
        check_working_directory()
        arguments = quote_patterns(arguments)
        sys.argv[1:] = arguments  # which Hydra reads
        check_arguments(arguments, CONF)
        main()
    except Interrupted as interrupted:
        print(describe_interrupt(interrupted, None), file=sys.stderr)
        raise
    except Exception as error:
        shown = error
        if is_of_hydra(error):
            shown = UserError(explain_refusal(error, arguments, CONF))
            shown.__cause__ = error
        code = report_error(shown)
        discard_claims()
        return code
    finally:
        hydra_utils.run_and_report = report
        release_claims()
    return 0


def dispatch(config: DictConfig) -> float | TrialResult | FailedJob | None:
    """Run the task of a composed configuration; return the value that a search optimizes, if any.

    A job of a multirun returns its failure, so that the other jobs are run. A single run that fails,
    and anything that a signal stops, exits with the codes of `start`.
    """
    end_with_parent()
    folder = Path(HydraConfig.get().runtime.output_dir)
    redact_files(folder / ".hydra")
    with handle_signals() as request:
        if TRIAL_VARIABLE in os.environ:
            return _run_trial(config, int(os.environ[TRIAL_VARIABLE]), folder)
        try:
            if HydraConfig.get().mode == RunMode.MULTIRUN:
                redact_files(Path(HydraConfig.get().sweep.dir))  # multirun.yaml
                return _run_job(config, folder)
            return _run(config, folder)
        except Interrupted as interrupted:
            _exit_interrupted(interrupted, folder)
        except Exception as error:
            # An import that a signal cuts short can leave a library that fails in any way.
            if request.signal_number is not None and explain_error(error) is None:
                _exit_interrupted(Interrupted(request.signal_number), folder)
            code = report_error(error)
            discard_claims()
            sys.exit(code)


def _exit_interrupted(interrupted: Interrupted, folder: Path) -> NoReturn:
    log.warning("\n%s", describe_interrupt(interrupted, folder))
    sys.exit(128 + interrupted.signal_number)


def run_sweep(
    config: DictConfig, hydra_context: HydraContext, launcher: Launcher, arguments: list[str]
) -> float | None:
    """Run the search of `-m hydra/sweeper=optuna`; return the best value, or exit as `dispatch` does.

    config: composed without the searched keys. arguments: the user's overrides.
    """

    def launch(overrides: Sequence[list[str]], first: int) -> list[Any]:
        return [job._return_value for job in launcher.launch(overrides, initial_job_idx=first)]

    configure_log(config.hydra.hydra_logging, config.hydra.verbose)
    for name in ("hydra", "hydra_plugins"):  # each trial has its own line
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        for key in ("resume", "rerun"):
            if config.get(key) is not None:
                raise UserError(
                    f"{key}={config[key]} is of a single run, not of a search. Leave it out."
                )
        with status("importing PyTorch and Optuna"):
            from astroclf.tasks.search.compositions import Compositions
            from astroclf.tasks.search.run import run_search
        with read_write(config):
            config.hydra.sweep.dir = str(named_path(config.hydra.sweep.dir, "hydra.sweep.dir"))
        compositions = Compositions(config, hydra_context.config_loader, arguments)
        return run_search(compositions, launch, _process_cache())
    except Interrupted as stopped:
        log.warning("Interrupted. Resume the search with the same command.")
        sys.exit(128 + stopped.signal_number)
    except Exception as error:
        sys.exit(report_error(error))


def _run_job(config: DictConfig, folder: Path) -> float | FailedJob | None:
    """Run one job of a multirun; report a failure and return it, so that the others are run."""
    job = f"job #{HydraConfig.get().job.num}"
    try:
        claim = lock_folder(folder, (), f"{job}: {folder}")
    except Exception as error:
        return FailedJob(report_error(error))
    try:
        return _run(config, folder)
    except Exception as error:
        return FailedJob(report_error(error, f"{job}: "))
    finally:
        claim.release()


def _run_trial(config: DictConfig, number: int, folder: Path) -> TrialResult:
    from astroclf.sweep.targets import chosen_node
    from astroclf.tasks.search.trial import StudyAddress, run_trial

    hydra = HydraConfig.get()
    name, storage = os.environ[STUDY_VARIABLE], hydra.sweeper.storage
    study = StudyAddress(name, storage, chosen_node("pruner", hydra), number)
    return run_trial(plain_config(config), study, folder, _process_cache())


def _run(config: DictConfig, folder: Path) -> float | None:
    """Run the task of a configuration; return the value that a search optimizes, if there is one."""
    from astroclf.settings import read_settings, sections
    from astroclf.tasks.resume import stored_config

    hydra = HydraConfig.get()
    is_multirun = hydra.mode == RunMode.MULTIRUN
    is_of_search = hydra.runtime.choices.get("hydra/sweeper") == "optuna"
    plain = plain_config(config)
    resumes = plain["resume"] is not None
    if resumes and is_multirun:
        raise UserError(f"resume={plain['resume']} resumes a single run. Leave out -m.")
    stored = stored_config(plain, hydra.overrides.task)
    if is_of_search and not is_multirun:
        raise UserError(
            f"hydra/sweeper=optuna searches with -m only: {program()} -m hydra/sweeper=optuna"
        )
    settings = read_settings(stored)
    if isinstance(settings.task, sections.Sync):
        from astroclf.tracking.sync import sync

        sync(settings.tracking, settings.task.folders)
        return None
    if "torch" not in sys.modules:
        log.info("importing PyTorch")
    with status("importing PyTorch"):  # after the settings were checked, since it takes seconds
        from astroclf.tasks.run import open_run
        from astroclf.tasks.task import run_task

    run = open_run(
        settings,
        folder,
        cache=_process_cache() if is_multirun else None,
        resumes=resumes,
        parent=Path(hydra.sweep.dir) if is_of_search else None,
    )
    return (run_task(run) or {}).get(settings.trainer.monitor)
