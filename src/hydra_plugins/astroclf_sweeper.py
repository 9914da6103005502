"""Hydra plugin of the sweeper: `python run.py -m hydra/sweeper=optuna`.

Hydra imports this at every start, so nothing heavy may be imported here.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_search_path import ConfigSearchPath, SearchPathElement
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, read_write

from astroclf.sweep.nodes import PRUNERS, SAMPLERS, SWEEPER

JOBS = {
    "_target_": "hydra_plugins.astroclf_sweeper.JobsSweeper",
    "max_batch_size": None,
    "params": None,
}


class AstroclfSearchPath(SearchPathPlugin):
    """Registers the choices of `hydra/sweeper`: optuna, and basic, in place of Hydra's own.

    Here and not at import: Hydra calls this once all plugins are found, so that an installed
    hydra-optuna-sweeper, which has the same names, does not replace them. Other applications in the
    same environment keep theirs.
    """

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        if not any(map(_has_search_group, search_path.get_path())):
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Hydra 1.4 warns that the name exists
            register_choices(ConfigStore.instance())


def register_choices(store: ConfigStore) -> None:
    """Store the nodes of sweepers, samplers and pruners."""
    store.store(group="hydra/sweeper", name="optuna", node=SWEEPER, provider="astroclf")
    store.store(group="hydra/sweeper", name="basic", node=JOBS, provider="astroclf")
    for group, nodes in (("sampler", SAMPLERS), ("pruner", PRUNERS)):
        for name, node in nodes.items():
            store.store(group=f"hydra/sweeper/{group}", name=name, node=node, provider="astroclf")


def _has_search_group(element: SearchPathElement) -> bool:
    """Return whether it is the application's own configuration, with a group `search`."""
    folder = Path(element.path.removeprefix("file://"))
    return element.provider == "main" and (folder / "search").is_dir()


class JobsSweeper(BasicSweeper):
    """Hydra's own sweeper, with a folder for each job; a failed job ends alone."""

    n_checked = 0

    def sweep(self, arguments: list[str]) -> Any:
        """Run one job for each combination of values; raises UserError if some failed."""
        from astroclf.commands import quoted
        from astroclf.runs.callback import claim_multirun
        from astroclf.runs.jobs import require_success
        from astroclf.tasks.jobs import report_jobs

        assert self.config is not None
        folder = claim_multirun(self.config).folder
        with read_write(self.config):
            self.config.hydra.sweep.dir = str(folder)
        batches = super().sweep([*arguments, f"hydra.sweep.dir={quoted(str(folder))}"])
        jobs = [job for batch in batches for job in batch]
        report_jobs(folder, jobs)
        require_success(jobs)
        return batches

    def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
        """Compose every job before the first one starts."""
        from astroclf.runs.jobs import job_folder, require_own_folders

        assert self.config is not None
        assert self.hydra_context is not None
        config, loader = self.config, self.hydra_context.config_loader
        jobs = enumerate(batch, self.n_checked)
        require_own_folders({n: job_folder(loader, config, job, n) for n, job in jobs})
        self.n_checked += len(batch)


class AstroclfSweeper(Sweeper):
    """Sweeper that passes Hydra's configuration, context and launcher to the search."""

    def __init__(self, **options: Any) -> None:
        """options: the node `hydra.sweeper`, which the search reads from the whole configuration."""

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        launcher = Plugins.instance().instantiate_launcher(
            config=config, hydra_context=hydra_context, task_function=task_function
        )
        self.parts = config, hydra_context, launcher

    def sweep(self, arguments: list[str]) -> Any:
        from astroclf.app import run_sweep

        return run_sweep(*self.parts, arguments)
