"""load and predict: a trained model applied to new images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from astroclf.api.arguments import Value, as_overrides
from astroclf.api.composition import compose_config
from astroclf.api.prediction import FilePath, Images, Option, as_input, frames, predict_frame
from astroclf.bundle import Bundle, Ensemble
from astroclf.composition import plain_config
from astroclf.files import user_path
from astroclf.settings import read_settings
from astroclf.tasks.model_from import open_model

if TYPE_CHECKING:
    import pandas as pd

    from astroclf.api.evaluation import EvaluationResult
    from astroclf.data.dataset import ImageDataset
    from astroclf.export.export import Exported


@dataclass(frozen=True, repr=False)
class Model:
    """A trained classifier.

    Attributes
    ----------
    bundle : astroclf.bundle.Bundle
        The network with its preprocessing and its decision, for use with arrays alone.
    """

    bundle: Bundle

    def __repr__(self) -> str:
        bands, size = ", ".join(self.bundle.pixels.bands), self.bundle.image_px
        members = f", members={len(self.members)}" if self.members else ""
        return f"Model(classes={list(self.classes)}, images={size} x {size} px in {bands}{members})"

    @property
    def members(self) -> tuple[str, ...]:
        """Bundles of the members of an ensemble; none for a single model."""
        return self.bundle.names if isinstance(self.bundle, Ensemble) else ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, or of the answers of vote fractions."""
        return self.bundle.classes

    def predict(self, images: Images, /, **options: Option) -> pd.DataFrame:
        """Predict the probabilities of the classes, or the vote fractions, of each image.

        Parameters
        ----------
        images : path, sequence of paths, array or ImageDataset
            A folder, zip archive, CSV or Parquet table of paths, HDF5 file or image file; several image
            files; an array (N, C, H, W) of the width and depth of the training images; or the images of
            a dataset.
        **options
            Keys of the configuration group `predict` that describe the input: `path_column`,
            `id_column`, `keep_columns`, `image_root`, `images` and `max_gigabytes`; for a
            model of cutouts, `frames`, `ra_column` and `dec_column` of a table of coordinates.

        Returns
        -------
        pandas.DataFrame
            One row an image: `id`, `path`, kept columns, `label`, `p_<class>`, `confidence`,
            `prediction_set` (classes joined by bars), `unlike_training` (p-value), `spread` (of an
            ensemble), `invalid_share` (of the pixels) and `reason`. An image that could not be read has a reason, and no other values.
            The label of vote fractions is the answer with the highest one.

        Raises
        ------
        astroclf.UserError
            If the input or all of its images cannot be used.

        Examples
        --------
        >>> import astroclf
        >>> model = astroclf.load("outputs/sky")
        >>> frame = model.predict(astroclf.read_dataset("simulated", "dataset.n_images=64"))
        >>> list(frame)[:5]
        ['id', 'path', 'label', 'p_galaxy', 'p_star']
        """
        return predict_frame(self.bundle, as_input(images, self.bundle, options))

    def predict_batches(
        self, images: Images, /, batch_size: int = 256, **options: Option
    ) -> Iterator[pd.DataFrame]:
        """Predict one batch of images after another, for inputs whose table is larger than memory.

        Parameters
        ----------
        images, **options
            See `predict`.
        batch_size : int
            Number of rows of each table.

        Yields
        ------
        pandas.DataFrame
            The rows of one batch; see `predict`.

        Examples
        --------
        >>> import astroclf
        >>> sky = astroclf.read_dataset("simulated", "dataset.n_images=64")
        >>> [len(frame) for frame in astroclf.load("outputs/sky").predict_batches(sky, 48)]
        [48, 16]
        """
        return frames(self.bundle, as_input(images, self.bundle, options), batch_size)

    def evaluate(
        self, dataset: ImageDataset | FilePath, split: str | None = None, **options: Any
    ) -> EvaluationResult:
        """Evaluate the model on labeled images; see `evaluate`.

        Parameters
        ----------
        dataset : ImageDataset or path
            Labeled images.
        split : str, optional
            The split of the data to evaluate; None evaluates all images.
        **options
            Keyword arguments of `evaluate`.

        Returns
        -------
        EvaluationResult

        Examples
        --------
        >>> import astroclf
        >>> sky = astroclf.read_dataset("simulated", "dataset.n_images=64", "dataset.seed=1")
        >>> astroclf.load("outputs/sky").evaluate(sky, resamples=0).part
        'new'
        """
        from astroclf.api.evaluation import evaluate

        return evaluate(self, dataset, split, **options)

    def export(
        self,
        folder: FilePath,
        format: str | Sequence[str] = "torch_export",
        images: FilePath | None = None,
    ) -> Exported:
        """Export the model to ONNX or torch.export, with preprocessing and decision inside.

        Parameters
        ----------
        folder : path
            Folder for `model.onnx`, `model.pt2` and `export.json`; it is made if need be.
        format : str or sequence of str
            "onnx" (needs ``pip install "astroclf[onnx]"``), "torch_export" or both.
        images : path, optional
            Folder of images for the check; by default that of the training images, where it still
            exists, and random images.

        Returns
        -------
        Exported
            `files` (format -> `path`, `check` and `usage`), `images_per_s` of each runtime beside
            PyTorch's, `threads`, `examples` and the path of the `description`.

        Raises
        ------
        astroclf.UserError
            If a package is missing, the network cannot be exported, or a probability of the exported
            model differs by more than 1e-4 from that of this one.

        Examples
        --------
        >>> import astroclf
        >>> exported = astroclf.load("outputs/sky").export("outputs/sky/exported")
        >>> exported.files["torch_export"].path.name
        'model.pt2'
        >>> exported.files["torch_export"].check.largest_difference <= 1e-4
        True
        """
        from astroclf.export.export import export_bundle

        formats = [format] if isinstance(format, str) else list(format)
        given = None if images is None else user_path(fspath(images))
        return export_bundle(self.bundle, user_path(fspath(folder)), formats, given)


def load(
    model_from: FilePath | Sequence[FilePath], device: str = "auto", **settings: Value
) -> Model:
    """Load a trained model, or an ensemble of several.

    Parameters
    ----------
    model_from : path, name, or sequence of them
        The folder of a run or its bundle; an MLflow run id, ``runs:/<id>`` or
        ``models:/<name>/<version or alias>``; ``"last"`` or ``"best"`` of the finished runs;
        ``"top3"`` or ``"<sweep folder>/top3"``, the best trials of a search. Several models, and a run
        of several seeds, are an ensemble: their probabilities are averaged, and calibrated on the
        validation images that they share.
    device : str
        Device of the network: "auto", "cpu" or "cuda".
    **settings
        Settings for the search of a name, such as ``tracking={"experiment": "stars"}``.

    Returns
    -------
    Model

    Raises
    ------
    astroclf.UserError
        If there is no such model, if it is damaged or of a newer version, or if the members of an
        ensemble have other classes or take other images.

    Examples
    --------
    >>> import astroclf
    >>> astroclf.load("outputs/sky").classes
    ('galaxy', 'star')
    >>> astroclf.load("last", tracking="none").classes
    ('galaxy', 'star')
    """
    given = [model_from] if isinstance(model_from, str | PathLike) else model_from
    named = {"task": "export", "model_from": [fspath(each) for each in given]}
    overrides = as_overrides((), {**settings, **named, "trainer.device": device})
    return Model(open_model(read_settings(plain_config(compose_config(overrides)))))


def predict(model: Model | FilePath, images: Images, /, **options: Option) -> pd.DataFrame:
    """Predict the classes of images; see `Model.predict`.

    Parameters
    ----------
    model : Model or path
        The model, or what `load` takes.
    images : path, sequence of paths, array or ImageDataset
        See `Model.predict`.
    **options
        See `Model.predict`.

    Returns
    -------
    pandas.DataFrame
        One row an image; see `Model.predict`.

    Examples
    --------
    >>> import astroclf
    >>> sky = astroclf.read_dataset("simulated", "dataset.n_images=64")
    >>> len(astroclf.predict("outputs/sky", sky.images[:3]))
    3
    """
    return (model if isinstance(model, Model) else load(model)).predict(images, **options)
