"""Runs of functions of Python, in a claimed folder as those of a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from astroclf.composition import plain_config
from astroclf.runs.callback import claim_run
from astroclf.settings import Settings, read_settings
from astroclf.tasks.resume import stored_config

if TYPE_CHECKING:
    from astroclf.tasks.run import Run


@contextmanager
def claimed_run(config: DictConfig) -> Iterator[Run]:
    """Yield the run of a composed configuration, in a folder that is claimed until the block ends.

    What a refused run has created is removed. Raises UserError for settings that do not fit.
    """
    claim = claim_run(config)
    try:
        plain = plain_config(config)
        settings: Settings = read_settings(stored_config(plain, config.hydra.overrides.task))
        from astroclf.tasks.run import open_run

        yield open_run(settings, claim.folder, resumes=plain["resume"] is not None)
    except Exception:
        claim.discard()
        raise
    finally:
        claim.release()
