"""train: one call that composes settings, trains and evaluates."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from astroclf.api.arguments import Value, as_overrides
from astroclf.api.composition import compose_config
from astroclf.api.frames import read_frame
from astroclf.composition import plain_config
from astroclf.errors import UserError
from astroclf.runs.callback import claim_run
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import Metric, read_metrics
from astroclf.settings import read_settings
from astroclf.tasks.resume import stored_config

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
        if not self.report.is_file():
            return f"<pre>{html.escape(repr(self))}</pre>"
        page = html.escape(self.report.read_text(encoding="utf-8"))
        return f'<iframe srcdoc="{page}" width="100%" height="800" frameborder="0"></iframe>'


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
    claim = claim_run(config)
    try:
        plain = plain_config(config)
        settings = read_settings(stored_config(plain, config.hydra.overrides.task))
        if settings.task.name not in TRAINING_TASKS:
            raise UserError(
                f"task={settings.task.name}: train() runs {' and '.join(TRAINING_TASKS)}. Run other "
                "tasks on the command line."
            )
        from astroclf.tasks.run import open_run
        from astroclf.tasks.task import run_task

        run_task(open_run(settings, claim.folder, resumes=plain["resume"] is not None))
    except Exception:
        claim.discard()
        raise
    finally:
        claim.release()
    return TrainedRun(claim.folder)
