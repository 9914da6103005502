"""load and predict: a trained model applied to new images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import fspath
from typing import TYPE_CHECKING, Any

from astroclf.api.prediction import FilePath, Images, Option, as_input, frames, predict_frame
from astroclf.bundle import Bundle, read_bundle
from astroclf.files import user_path
from astroclf.runs.folder import RunFolder

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
        return f"Model(classes={list(self.classes)}, images={size} x {size} px in {bands})"

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
            `id_column`, `keep_columns`, `image_root`, `images` and `max_gigabytes`.

        Returns
        -------
        pandas.DataFrame
            One row an image: `id`, `path`, kept columns, `label`, `p_<class>`, `confidence`,
            `prediction_set` (classes joined by bars), `unlike_training` (p-value), `spread` (of an
            ensemble) and `reason`. An image that could not be read has a reason, and no other values.
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


def load(path: FilePath, device: str = "auto") -> Model:
    """Load the trained model of a run.

    Parameters
    ----------
    path : path
        The folder of a run, or the folder `bundle` of one.
    device : str
        Device of the network: "auto", "cpu" or "cuda".

    Returns
    -------
    Model

    Raises
    ------
    astroclf.UserError
        If the folder holds no model, or one that is damaged or of a newer version.

    Examples
    --------
    >>> import astroclf
    >>> astroclf.load("outputs/sky").classes
    ('galaxy', 'star')
    """
    folder = RunFolder(user_path(fspath(path)))
    return Model(read_bundle(folder.bundle if folder.bundle.is_dir() else folder.path, device))


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
