"""compare: differences of finished runs, with intervals and tests."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from astroclf.api.arguments import as_overrides
from astroclf.api.composition import compose_config
from astroclf.api.frames import make_frame
from astroclf.api.model import FilePath
from astroclf.api.training import TrainedRun
from astroclf.composition import plain_config
from astroclf.files import user_path
from astroclf.runs.comparison import StoredComparison, StoredDifference
from astroclf.settings import read_settings
from astroclf.tasks.compare import find_folders
from astroclf.tasks.comparison.compare_runs import ComparedRuns, compare_runs
from astroclf.tasks.comparison.content import stored_comparison
from astroclf.tasks.comparison.page import draw_figures, render_comparison

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class RunComparison:
    """Differences of finished runs on the images that all of them predicted.

    In a notebook it is shown as its page.

    Attributes
    ----------
    verdicts : list of str
        The conclusion on each pair of runs, in one sentence.
    warnings : list of str
        What limits the comparison, such as test images that not all runs have.
    """

    verdicts: list[str]
    warnings: list[str]
    _stored: StoredComparison = field(repr=False)
    _compared: ComparedRuns = field(repr=False)
    _gallery: bool = field(default=False, repr=False)

    def __repr__(self) -> str:
        return "\n".join(self.verdicts)

    @property
    def table(self) -> pd.DataFrame:
        """One row a pair of runs and metric: over all images, of each class, and in bins of metadata."""
        rows = self._stored.differences
        return make_frame(
            {name: [getattr(each, name) for each in rows] for name in StoredDifference.model_fields}
        )

    @property
    def report(self) -> str:
        """The page with all tables and charts, as HTML."""
        return render_comparison(self._compared, gallery=self._gallery)

    @property
    def figures(self) -> dict[str, str]:
        """Name -> chart of the page as SVG."""
        return draw_figures(self._compared)

    def _repr_html_(self) -> str:
        page = html.escape(self.report)
        return f'<iframe srcdoc="{page}" width="100%" height="800" frameborder="0"></iframe>'


def compare(
    runs: Sequence[FilePath | TrainedRun],
    *overrides: str,
    metrics: Sequence[str] | None = None,
    pairs: str = "all",
    gallery: bool = False,
) -> RunComparison:
    """Compare finished runs on the images that all of them predicted: is B better than A?

    Parameters
    ----------
    runs : sequence of paths or TrainedRun
        Folders of trainings, runs of several seeds, cross-validations, evaluations, or sweeps, whose
        winner is compared by its replicates. The first is the baseline A.
    *overrides : str
        Further settings as on the command line, such as ``"evaluation.metadata=table.csv"``,
        ``"evaluation.metadata_id=id"`` and ``"evaluation.bin_columns=[mag_r]"`` for differences along a
        magnitude, or ``"seed=1"`` for the resampling.
    metrics : sequence of str, optional
        Metrics whose p-values are corrected together; None for all.
    pairs : str
        "all", or "first" to compare each run with the first one alone.
    gallery : bool
        Whether the page shows images that one run labels correctly and the other does not.

    Returns
    -------
    RunComparison

    Raises
    ------
    astroclf.UserError
        If the runs have other classes, or no common image.

    Examples
    --------
    >>> import astroclf
    >>> other = astroclf.train(
    ...     "trainer=smoke", "dataset.n_images=64", "seed=1", "hydra.run.dir=outputs/other", tracking="none"
    ... )
    >>> result = astroclf.compare(["outputs/sky", other], metrics=["accuracy"])
    >>> print(result.table[["a", "b", "metric"]].iloc[0].to_list())
    ['A', 'B', 'accuracy']
    >>> len(result.verdicts)
    1
    """
    folders = [
        str(user_path(str(run.folder if isinstance(run, TrainedRun) else run))) for run in runs
    ]
    own = as_overrides(
        ["task=compare", "tracking=none", *overrides],
        {"compare": {"runs": folders, "metrics": metrics, "pairs": pairs, "gallery": gallery}},
    )
    settings = read_settings(plain_config(compose_config(own)))
    compared = compare_runs(find_folders(settings), settings)
    stored = stored_comparison(compared)
    return RunComparison(stored.verdicts, stored.warnings, stored, compared, gallery)
