"""Jobs of a multirun: their folders, and the error if some of them failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra.core.config_loader import ConfigLoader
from hydra.core.utils import JobReturn, filter_overrides
from omegaconf import DictConfig, OmegaConf, open_dict

from astroclf.errors import UserError, listed
from astroclf.files import shortest
from astroclf.runs.folder import RunFolder

TABLE, REPORT = "jobs.csv", "jobs.html"  # in the folder of the multirun


@dataclass(frozen=True)
class FailedJob:
    """Return value of a job that failed; its error has been printed."""

    exit_code: int


class FailedJobsError(UserError):
    """Some jobs of a multirun failed."""


def job_folder(
    loader: ConfigLoader, config: DictConfig, overrides: Sequence[str], number: int
) -> Path:
    """Return the folder in which Hydra will run a job, from the configuration of the multirun."""
    composed = loader.load_sweep_config(config, list(overrides))
    with open_dict(composed):
        composed.hydra.job.id = composed.hydra.job.num = number
    sweep = OmegaConf.select(composed, "hydra.sweep.dir")
    return Path(str(sweep)) / str(OmegaConf.select(composed, "hydra.sweep.subdir"))


def require_own_folders(folders: Mapping[int, Path]) -> None:
    """Raise UserError if two jobs would share a folder, or if one holds results already.

    folders: number of a job -> its folder.
    """
    first: dict[Path, int] = {}
    for number, folder in folders.items():
        other = first.setdefault(folder, number)
        if other != number:
            raise UserError(
                f"hydra.sweep.subdir gives jobs #{other} and #{number} the same folder, {shortest(folder)}. "
                "Use in it a setting that differs between them, or leave it at its default."
            )
        results = RunFolder(folder).results
        if results:
            raise UserError(
                f"job #{number}: {shortest(folder)} holds results already ({listed(results, 3)}). "
                "Give another folder as hydra.sweep.dir."
            )


def require_success(jobs: Sequence[JobReturn]) -> None:
    """Raise FailedJobsError with the numbers and overrides of the jobs that failed, if there are any."""
    failed = [
        f"#{number} ({' '.join(filter_overrides(job.overrides or [])) or 'no overrides'})"
        for number, job in enumerate(jobs)
        if isinstance(job.return_value, FailedJob)
    ]
    if failed:
        raise FailedJobsError(f"{len(failed)} of {len(jobs)} jobs failed: {listed(failed)}.")
