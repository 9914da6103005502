"""load and predict: a trained model applied to new images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from astroclf.api.frames import make_frame
from astroclf.bundle import Bundle, read_bundle
from astroclf.data.dataset import ImageDataset
from astroclf.errors import UserError
from astroclf.files import user_path
from astroclf.runs.folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd

FilePath: TypeAlias = "str | PathLike[str]"
Images: TypeAlias = "FilePath | Sequence[FilePath] | np.ndarray | ImageDataset"
FILES_AT_ONCE = 256  # held in memory


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

    def predict(self, images: Images) -> pd.DataFrame:
        """Predict the probabilities of the classes, or the vote fractions, of each image.

        Parameters
        ----------
        images : path, sequence of paths, array or ImageDataset
            Image files, an array (N, C, H, W) of the width and depth of the training images, or the
            images of a dataset.

        Returns
        -------
        pandas.DataFrame
            One row an image: `id`, `label` and `p_<class>`. The id is the path as given, the
            position in an array, or the id in the dataset; the label of vote fractions is the answer
            with the highest one.

        Raises
        ------
        astroclf.UserError
            If a file cannot be used, or an array does not fit the model.

        Examples
        --------
        >>> import astroclf
        >>> model = astroclf.load("outputs/sky")
        >>> list(model.predict(astroclf.read_dataset("simulated", "dataset.n_images=64")))
        ['id', 'label', 'p_galaxy', 'p_star']
        """
        if isinstance(images, ImageDataset):
            return self._frame(images.ids, self.bundle.predict(images.images))
        if isinstance(images, np.ndarray):
            return self._frame(np.arange(len(images)).astype(str), self.bundle.predict(images))
        given = [images] if isinstance(images, str | PathLike) else images
        files = [fspath(file) for file in given]
        if not files:
            raise UserError("predict was given no images. Give it one path or several.")
        starts = range(0, len(files), FILES_AT_ONCE)
        parts = (self.bundle.read_files(files[i : i + FILES_AT_ONCE]) for i in starts)
        return self._frame(files, np.concatenate([self.bundle.predict(part) for part in parts]))

    def _frame(self, ids: Sequence[str] | np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
        labels = self.bundle.decision.labels(probabilities)
        leading = probabilities.argmax(axis=1) if labels.ndim == 2 else labels
        columns = {f"p_{name}": probabilities[:, k] for k, name in enumerate(self.classes)}
        return make_frame({"id": ids, "label": np.array(self.classes)[leading], **columns})


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


def predict(model: Model | FilePath, images: Images) -> pd.DataFrame:
    """Predict the classes of images; see `Model.predict`.

    Parameters
    ----------
    model : Model or path
        The model, or what `load` takes.
    images : path, sequence of paths, array or ImageDataset
        See `Model.predict`.

    Returns
    -------
    pandas.DataFrame
        One row an image: `id`, `label` and `p_<class>`.

    Examples
    --------
    >>> import astroclf
    >>> sky = astroclf.read_dataset("simulated", "dataset.n_images=64")
    >>> len(astroclf.predict("outputs/sky", sky.images[:3]))
    3
    """
    return (model if isinstance(model, Model) else load(model)).predict(images)
