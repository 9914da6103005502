"""Run: the settings, folder, tracker and cache of one training, or of several that belong together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from astroclf.runs.folder import RunFolder
from astroclf.settings import Settings
from astroclf.tasks.cache import Cache
from astroclf.tasks.callbacks import RUN_CALLBACKS, Checkpointing
from astroclf.tasks.training import Training
from astroclf.tracking import Tracker, open_tracker
from astroclf.training.callbacks import Callback

log = logging.getLogger(__name__)

MakeCallback = Callable[["Run", Training], Callback]


@dataclass(frozen=True)
class Run:
    """Settings and surroundings of a run, passed to every task.

    folder: of its files. cache: shared by the runs of one process. resumes: whether the run
    continues from the checkpoint in its folder. callbacks: constructors of those of its trainings,
    called with the run and the training. on_repetition: called after each of several trainings, with
    the monitored values so far, one each. warnings: those so far, for metrics.json and the report.
    """

    settings: Settings
    folder: RunFolder
    tracker: Tracker
    cache: Cache
    resumes: bool = False
    callbacks: tuple[MakeCallback, ...] = RUN_CALLBACKS
    on_repetition: tuple[Callable[[Sequence[float]], None], ...] = ()
    warnings: list[str] = field(default_factory=list)

    @property
    def is_resumable(self) -> bool:
        """True if checkpoints are written; a trial has none, it is repeated from its start."""
        return Checkpointing in self.callbacks

    def child(self, name: str, settings: Settings) -> Run:
        """Return the run of one seed or one fold in the sub-folder `name`, which is made.

        It is resumed if this run is resumed and the child has begun.
        """
        folder = self.folder.child(name)
        folder.path.mkdir(exist_ok=True)
        return replace(
            self,
            settings=settings,
            folder=folder,
            tracker=open_tracker(settings.tracking, folder.path, parent=self.folder.path),
            resumes=self.resumes and folder.checkpoint.is_file(),
            warnings=[],
        )

    def warn(self, text: str) -> None:
        """Log a warning, and keep it for metrics.json, the report and the tracker."""
        log.warning("\n*** %s\n", text)
        self.warnings.append(text)


def open_run(
    settings: Settings,
    folder: Path,
    *,
    cache: Cache | None = None,
    resumes: bool = False,
    parent: Path | None = None,
) -> Run:
    """Return a run in `folder`, tracked as settings.tracking says.

    parent: folder of the run that this one is nested under in MLflow.
    """
    tracker = open_tracker(settings.tracking, folder, parent)
    return Run(settings, RunFolder(folder), tracker, cache or Cache(), resumes)
