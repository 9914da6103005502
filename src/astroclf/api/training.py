"""train: one call that composes settings, trains and evaluates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from astroclf.api.arguments import Value, as_overrides
from astroclf.api.claims import claimed_run
from astroclf.api.composition import compose_config
from astroclf.api.frames import read_frame
from astroclf.api.pages import framed_page
from astroclf.errors import UserError
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import Metric, read_metrics

if TYPE_CHECKING:
    import pandas as pd

TRAINING_TASKS = ("train", "crossval")


@dataclass(frozen=True, repr=False)
class TrainedRun:
    """A finished run; its results are read from its folder when they are used.

    In a notebook it is shown as its report.

    Attributes
    ----------
    folder : pathlib.Path
        The run folder, which `load` takes.
    """

    folder: Path

    def __repr__(self) -> str:
        return f"TrainedRun({str(self.folder)!r})"

    @property
    def metrics(self) -> dict[str, dict[str, Metric]]:
        """Split -> metric -> its `value` and its 95 % interval `ci95`."""
        return read_metrics(RunFolder(self.folder)).splits

    @property
    def predictions(self) -> pd.DataFrame:
        """One row an image: id, split, truth, label and p_<class>."""
        return read_frame(RunFolder(self.folder).predictions)

    @property
    def report(self) -> Path:
        """The report as an HTML file; a run over several seeds or folds has none."""
        return RunFolder(self.folder).report

    def _repr_html_(self) -> str:
        return framed_page(self.report, repr(self))


def train(*overrides: str, **named: Value) -> TrainedRun:
    """Train a classifier, evaluate it, and write its run folder.

    Parameters
    ----------
    *overrides : str
        Overrides as on the command line, such as ``"model=mobilenet"`` or ``"trainer.epochs=5"``.
    **named
        The same as key and value; a mapping gives several keys of a group, as in
        ``trainer={"epochs": 5}``. `dataset` may also be the path of a table or of a folder of
        images.

    Returns
    -------
    TrainedRun
        The finished run, whose folder is ``outputs/<day>/<time>`` unless ``hydra.run.dir`` is given.

    Raises
    ------
    astroclf.UserError
        If an override, a setting or the data cannot be used.
    astroclf.Interrupted
        If Ctrl-C or SIGTERM stops the training; ``train(resume=<folder>)`` resumes it.

    Notes
    -----
    Progress is logged by the logger ``astroclf`` at level INFO.

    Examples
    --------
    >>> import astroclf
    >>> run = astroclf.train(
    ...     "trainer=smoke", "dataset.n_images=64", "hydra.run.dir=outputs/sky", tracking="none"
    ... )
    >>> run.folder.name
    'sky'
    >>> 0 <= run.metrics["test"]["accuracy"].value <= 1
    True
    >>> list(run.predictions)
    ['id', 'split', 'truth', 'label', 'p_galaxy', 'p_star']
    """
    config = compose_config(as_overrides(overrides, named))
    with claimed_run(config) as run:
        if run.settings.task.name not in TRAINING_TASKS:
            raise UserError(
                f"task={run.settings.task.name}: train() runs {' and '.join(TRAINING_TASKS)}. Run other "
                "tasks on the command line."
            )
        from astroclf.tasks.task import run_task

        run_task(run)
    return TrainedRun(run.folder.path)
