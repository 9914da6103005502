"""inspect: the page and the tables of task=inspect."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from astroclf.api.arguments import Value, as_overrides
from astroclf.api.claims import claimed_run
from astroclf.api.composition import compose_config
from astroclf.api.frames import read_table_frame
from astroclf.api.model import FilePath, Model, load
from astroclf.api.pages import framed_page
from astroclf.data.dataset import ImageDataset
from astroclf.errors import UserError
from astroclf.runs.folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd

IN_MEMORY = "images in memory"  # the source of a data set that was not read by its settings


@dataclass(frozen=True, repr=False)
class InspectedDataset:
    """A finished inspection; its tables are read from its folder when they are used.

    In a notebook it is shown as its page.

    Attributes
    ----------
    folder : pathlib.Path
        Folder of the page and of its tables.
    """

    folder: Path

    def __repr__(self) -> str:
        return f"InspectedDataset({str(self.folder)!r})"

    @property
    def report(self) -> Path:
        """The page as an HTML file."""
        return RunFolder(self.folder).inspection

    @property
    def class_counts(self) -> pd.DataFrame:
        """One row a class: class, number of images in each split, and all."""
        return self._table(RunFolder(self.folder).class_counts, "")

    @property
    def statistics(self) -> pd.DataFrame:
        """One row an image: id, class, split, flux, half_light_radius_px, signal_to_noise, background,
        noise and the colors."""
        return self._table(RunFolder(self.folder).statistics, "")

    @property
    def embedding(self) -> pd.DataFrame:
        """One row an image: id, class, and its position in each map of the features."""
        return self._table(RunFolder(self.folder).embedding, "a model with features")

    @property
    def neighbors(self) -> pd.DataFrame:
        """One row a pair: id, rank, neighbor, distance in feature space, class and split."""
        return self._table(RunFolder(self.folder).neighbors, "a model and inspect.ids")

    @property
    def ablations(self) -> pd.DataFrame:
        """One row an ablation and class: accuracy before and after, and the loss with its interval."""
        return self._table(RunFolder(self.folder).ablations, "a model of classes")

    @property
    def label_errors(self) -> pd.DataFrame:
        """One row an image: id, given and suggested class, probabilities of both, and rank."""
        return self._table(RunFolder(self.folder).label_errors, "inspect.predictions")

    @property
    def figures(self) -> dict[str, Path]:
        """Name -> SVG file of each figure of the page; PDF and PNG lie beside it."""
        folder = RunFolder(self.folder).figures
        return {file.stem: file for file in sorted(folder.glob("*.svg"))}

    def _table(self, file: Path, needs: str) -> pd.DataFrame:
        if not file.is_file():
            raise UserError(f"This inspection has no {file.stem}: they need {needs}.")
        return read_table_frame(file)

    def _repr_html_(self) -> str:
        return framed_page(self.report, repr(self))


def inspect(
    dataset: ImageDataset | Value = "simulated",
    model: Model | FilePath | None = None,
    *overrides: str,
    **named: Value,
) -> InspectedDataset:
    """Describe a data set before training, or examine a trained model on it.

    Parameters
    ----------
    dataset : ImageDataset, path, str or mapping
        The images, a table or folder of images, a file of conf/dataset/ by its name, or several keys
        of `dataset`.
    model : Model or path, optional
        A trained model, or what `load` takes: adds maps of its features, nearest neighbors,
        Grad-CAM and ablations.
    *overrides : str
        Further settings as on the command line, such as ``"inspect.max_images=500"``.
    **named
        The same as key and value; a mapping gives several keys of a group, as in
        ``inspect={"ids": ["1237650"]}``.

    Returns
    -------
    InspectedDataset

    Raises
    ------
    astroclf.UserError
        If a setting, the data or the model cannot be used.

    Examples
    --------
    >>> import astroclf
    >>> sky = astroclf.read_dataset("simulated", "dataset.n_images=64")
    >>> seen = astroclf.inspect(sky, "outputs/sky", "inspect.map=pca", tracking="none")
    >>> seen.report.name
    'inspect.html'
    >>> seen.class_counts["class"].tolist()
    ['galaxy', 'star']
    >>> sorted(set(seen.ablations["ablation"]))[:3]
    ['blur', 'border', 'center']
    """
    given = {} if isinstance(dataset, ImageDataset) else {"dataset": dataset}
    config = compose_config(as_overrides([*overrides, "task=inspect"], {**named, **given}))
    bundle = None if model is None else (model if isinstance(model, Model) else load(model)).bundle
    with claimed_run(config) as run:
        from astroclf.tasks.inspect import inspect_dataset, read_inspected

        if isinstance(dataset, ImageDataset):
            inspect_dataset(run, dataset, bundle, IN_MEMORY)
        else:
            inspect_dataset(run, read_inspected(run, bundle), bundle, run.settings.dataset.source)
    return InspectedDataset(run.folder.path)
