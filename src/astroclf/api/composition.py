"""Composition of settings outside of a command, with the checks of the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.version import VersionBase
from omegaconf import DictConfig

import astroclf.composition  # noqa: F401 - registers the resolvers that conf/ names
from astroclf.errors import UserError
from astroclf.installation import CONF
from astroclf.overrides import (
    check_arguments,
    check_working_directory,
    explain_refusal,
    is_of_hydra,
)


def compose_config(overrides: Sequence[str]) -> DictConfig:
    """Return the configuration that a command with these overrides has, Hydra's own node included.

    Raises UserError for overrides that a command would refuse.
    """
    for text in overrides:
        if text.startswith("-"):
            raise UserError(f"{text}: options are for the command line. Give <key>=<value> only.")
    try:
        check_working_directory()
        check_arguments(overrides, CONF)
        with _own_hydra():
            return compose("config", overrides=list(overrides), return_hydra_config=True)
    except Exception as error:
        if not is_of_hydra(error):
            raise
        raise UserError(explain_refusal(error, overrides, CONF)) from error


@contextmanager
def _own_hydra() -> Iterator[None]:
    """Initialize Hydra for conf/; that of the calling program is restored at the end."""
    outer, base = GlobalHydra.instance().hydra, VersionBase.instance().version_base
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(CONF), job_name="run", version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = outer
        VersionBase.instance().version_base = base
