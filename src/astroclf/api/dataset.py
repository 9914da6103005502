"""read_dataset: the images and labels that a run with the same settings would train on."""

from __future__ import annotations

from astroclf.api.arguments import Value, as_overrides
from astroclf.api.composition import compose_config
from astroclf.composition import plain_config
from astroclf.data.dataset import ImageDataset
from astroclf.data.sources import load_dataset
from astroclf.settings import read_settings


def read_dataset(dataset: Value = "simulated", *overrides: str, **named: Value) -> ImageDataset:
    """Read images and labels, each in a split.

    Parameters
    ----------
    dataset : path, str or mapping
        A table of images, a folder of images, a file of conf/dataset/ by its name, or several keys
        of `dataset`.
    *overrides : str
        Further settings as on the command line, such as ``"dataset.label_column=class"``.
    **named
        The same as key and value.

    Returns
    -------
    ImageDataset

    Raises
    ------
    astroclf.UserError
        If a setting or the data cannot be used.

    Examples
    --------
    >>> import astroclf
    >>> sky = astroclf.read_dataset("simulated", "dataset.n_images=64")
    >>> len(sky), sky.classes
    (64, ('galaxy', 'star'))
    """
    config = compose_config(as_overrides(overrides, {**named, "dataset": dataset}))
    return load_dataset(read_settings(plain_config(config)).dataset)
