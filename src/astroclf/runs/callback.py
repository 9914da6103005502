"""Hydra callback that claims the folder of a run or a multirun before Hydra writes to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, read_write

from astroclf.errors import UserError
from astroclf.failures import report_error
from astroclf.files import named_path
from astroclf.runs.claim import Claim, claim_fresh, claim_named, claim_resumed
from astroclf.runs.folder import RunFolder

_claims: list[Claim] = []


class ClaimFolder(Callback):
    """Sets hydra.run.dir to a folder that is claimed until `release_claims`."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Claim the folder, or exit with a message: Hydra only logs exceptions of callbacks."""
        try:
            claim = claim_run(config)
            _claims.append(claim)
        except Exception as error:
            sys.exit(report_error(error))
        with read_write(config):
            config.hydra.run.dir = str(claim.folder)
            if resumed_folder(config) is not None:
                config.hydra.output_subdir = None  # the record of the first start is kept


def claim_run(config: DictConfig) -> Claim:
    """Claim the folder of the single run that a configuration describes.

    A default name that is taken gets a suffix; one that the user gave is refused.
    """
    is_computed = OmegaConf.is_interpolation(config.hydra.run, "dir")
    folder = named_path(config.hydra.run.dir, "hydra.run.dir")
    resumed = resumed_folder(config)
    if resumed is not None and RunFolder(resumed).is_resumable:
        if not is_computed:
            raise UserError(
                f"hydra.run.dir={folder} cannot be given beside resume, which continues the run in its own folder. Leave it out."
            )
        claim = claim_resumed(resumed)
    elif is_computed:
        claim = claim_fresh(folder)
    elif _continues_prediction(config, folder):
        claim = claim_resumed(folder)
    else:
        claim = claim_named(folder, "hydra.run.dir")
    return claim


def _continues_prediction(config: DictConfig, folder: Path) -> bool:
    """Return whether the folder holds predictions that the same command goes on with."""
    is_predict = OmegaConf.select(config, "task.name") == "predict"
    return is_predict and RunFolder(folder).prediction_progress.is_file()


def resumed_folder(config: DictConfig) -> Path | None:
    """Return the folder that `resume` names, with ~ expanded, or None."""
    resume = OmegaConf.select(config, "resume")
    return None if resume is None else named_path(resume, "resume")


def claim_multirun(config: DictConfig) -> Claim:
    """Claim the folder of a multirun, as `claim_run` does; it may hold jobs of an earlier one."""
    folder = named_path(config.hydra.sweep.dir, "hydra.sweep.dir")
    if OmegaConf.is_interpolation(config.hydra.sweep, "dir"):
        claim = claim_fresh(folder)
    else:
        claim = claim_named(folder, "hydra.sweep.dir")
    _claims.append(claim)
    return claim


def discard_claims() -> None:
    """Remove what a refused run of this process has created (see `Claim.discard`)."""
    for claim in _claims:
        claim.discard()
    _claims.clear()


def release_claims() -> None:
    """Release the claims of this process."""
    for claim in _claims:
        claim.release()
    _claims.clear()
