"""From a composed configuration to checked settings to the task they name."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from astroclf.errors import UserError
from astroclf.training.interruption import Interrupted

if TYPE_CHECKING:
    from astroclf.settings import Settings

# What may be given beside resume=<folder>; everything else is as the stopped run had it.
CHANGEABLE_ON_RESUME = ("trainer.epochs", "trainer.device", "tracking")


def _run_dir(resume: str | None, fresh: str) -> str:
    """A resumed run goes on in its own folder; every other run gets a fresh one."""
    began = resume and (Path(resume) / "checkpoint").is_dir()
    return str(resume) if began else fresh


def _run_record(resume: str | None) -> str | None:
    """The sub-folder for Hydra's record, or None so that a resumed run keeps its first record."""
    return None if resume else ".hydra"


# Hydra resolves the run's folder from these, so they must stand before it composes anything.
OmegaConf.register_new_resolver("run_dir", _run_dir, replace=True)
OmegaConf.register_new_resolver("run_record", _run_record, replace=True)


def dispatch(config: DictConfig) -> float | None:
    """Do what the configuration asks; returns the value that a search optimizes, if there is one.

    A UserError ends the program with its sentence and exit code 2; where HYDRA_FULL_ERROR is set it is
    raised, for the reader of the traceback. A run that was asked to stop exits with 128 + the number
    of the signal.
    """
    try:
        return _run(config)
    except UserError as error:
        if os.environ.get("HYDRA_FULL_ERROR"):
            raise
        print(f"astroclf: {_job()}{error}", file=sys.stderr)
        _discard_empty(Path(HydraConfig.get().runtime.output_dir))
        sys.exit(2)
    except KeyboardInterrupt:
        print(
            "\nastroclf: stopped by SIGINT outside of training, so nothing new was kept: start the command again.",
            file=sys.stderr,
        )
        sys.exit(130)
    except Interrupted as interrupted:
        sys.exit(128 + interrupted.signal_number)


def _job() -> str:
    """Which job of a multirun this is, or "" for a single run."""
    hydra = HydraConfig.get()
    return f"job #{hydra.job.num}: " if hydra.mode == RunMode.MULTIRUN else ""


def _discard_empty(folder: Path) -> None:
    """Remove the folder of a run that was refused before it left anything but its settings."""
    left = [path for path in folder.rglob("*") if path.is_file() and ".hydra" not in path.parts]
    if all(path.suffix == ".log" and path.stat().st_size == 0 for path in left):
        shutil.rmtree(folder, ignore_errors=True)


def _run(config: DictConfig) -> float | None:
    from astroclf.settings import read_settings

    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    if plain["resume"] is not None:
        plain = _resumed(plain, HydraConfig.get().overrides.task)
    settings = read_settings(plain)
    return run_task(settings, Path(HydraConfig.get().runtime.output_dir), plain)


def run_task(settings: Settings, folder: Path, config: dict[str, Any]) -> float | None:
    """Do the task that settings.task names, with results in `folder`.

    config: the plain configuration behind the settings, kept with every checkpoint.
    """
    if settings.task.name == "benchmark":
        from astroclf.tasks.benchmark import benchmark

        return benchmark(settings, folder)
    from astroclf.tasks.train import train

    return train(settings, folder, config)


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

    stored: dict[str, Any] = read_checkpoint(Path(config["resume"]))["config"]
    for key in ("epochs", "device"):
        if f"trainer.{key}" in changes:
            stored["trainer"][key] = config["trainer"][key]
    if any(key.split(".")[0] == "tracking" for key in changes):
        stored["tracking"] = config["tracking"]
    return {**stored, "resume": config["resume"]}
