"""Places in which the settings have runs and models looked up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from astroclf.errors import UserError
from astroclf.files import shortest
from astroclf.settings import Settings, sections
from astroclf.tracking.addresses import experiment_name, tracking_uri
from astroclf.tracking.lookup import KnownRun, RunStore, recorded_runs


@dataclass(frozen=True)
class Places:
    """Folders of runs, and the MLflow store.

    outputs: folder of runs and sweeps. cache: of what is downloaded. uri, experiment: of MLflow as
    in the settings, None for its defaults. is_tracked: whether runs are chosen in MLflow, not in
    `outputs`.
    """

    outputs: Path
    cache: Path
    uri: str | None
    experiment: str | None
    is_tracked: bool

    @classmethod
    def of(cls, settings: Settings) -> Places:
        """Return the places that the settings name."""
        lookup, tracking = settings.lookup, settings.tracking
        if lookup is None:
            raise UserError(
                f"task={settings.task.name}: its settings have no group lookup, which model_from needs. Compose them "
                "with conf/lookup/default.yaml."
            )
        outputs, cache = Path(lookup.outputs), Path(lookup.cache)
        if isinstance(tracking, sections.Mlflow):
            return cls(outputs, cache, tracking.uri, tracking.experiment, is_tracked=True)
        return cls(outputs, cache, None, None, is_tracked=False)

    @cached_property
    def store(self) -> RunStore:
        """The MLflow store. Raises UserError if it does not exist."""
        return RunStore(tracking_uri(self.uri))

    def runs(self) -> Iterator[KnownRun]:
        """Yield the runs of the current MLflow experiment, or those in `outputs` without MLflow."""
        if self.is_tracked:
            return self.store.runs(experiment_name(self.experiment))
        return recorded_runs(self.outputs)

    @property
    def shown(self) -> str:
        """The place of `runs` in words."""
        if self.is_tracked:
            return f"the MLflow experiment {experiment_name(self.experiment)}"
        return str(shortest(self.outputs.absolute()))
