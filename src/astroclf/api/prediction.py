"""Inputs and tables of `Model.predict`."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from astroclf.api.frames import joined_frames, make_frame
from astroclf.bundle import Bundle
from astroclf.bundle.checks import require_images
from astroclf.data.dataset import ImageDataset
from astroclf.data.inputs.arrays import ArrayInput
from astroclf.data.inputs.features import check_features
from astroclf.data.inputs.folder import FilesInput
from astroclf.data.inputs.open import InputOptions, open_input
from astroclf.data.inputs.source import ImageInput, Row
from astroclf.data.inputs.stream import read_blocks
from astroclf.errors import UserError
from astroclf.files import named_path
from astroclf.tasks.prediction.reasons import require_an_image
from astroclf.tasks.prediction.rows import array_framing, column_names, predict_block

if TYPE_CHECKING:
    import pandas as pd

FilePath: TypeAlias = "str | PathLike[str]"
Images: TypeAlias = "FilePath | Sequence[FilePath] | np.ndarray | ImageDataset"
Option: TypeAlias = "str | float | Sequence[str] | None"
BATCH_SIZE = 256


def as_input(images: Images, model: Bundle, options: Mapping[str, Any]) -> ImageInput:
    """Return the images as an input. Raises UserError if they cannot be used."""
    if isinstance(images, ImageDataset):
        return _of_dataset(model, images)
    if isinstance(images, np.ndarray):
        return _of_array(model, images, str)
    framing = array_framing(model)
    if isinstance(images, str | PathLike):
        path = named_path(fspath(images), "images")
        given = replace(_input_options(options), features_columns=model.columns)
        return open_input(path, framing, given, "images", model.cutouts)
    files = [fspath(file) for file in images]
    if not files:
        raise UserError("predict was given no images. Give it one path or several.")
    return FilesInput(f"images={files[0]}, ...", files, framing)


def predict_frame(model: Bundle, images: ImageInput) -> pd.DataFrame:
    """Return the table of all images. Raises UserError if none of them can be used."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of decoders, about files whose reason is in the table
        parts = list(frames(model, images, BATCH_SIZE))
    require_an_image(images, model, Counter(each for part in parts for each in part["reason"]))
    return joined_frames(parts)


def frames(model: Bundle, images: ImageInput, batch_size: int) -> Iterator[pd.DataFrame]:
    """Yield the tables of one batch after another."""
    column_names(model.classes, images.columns)  # refuses names that are taken
    check_features(images, model.columns)
    blocks = read_blocks(images, batch_size) if len(images) else [images.read(0, 0)]
    for block in blocks:
        yield make_frame(
            predict_block(model, block, images.columns).columns(model.classes, images.columns)
        )


def _of_dataset(model: Bundle, dataset: ImageDataset) -> ImageInput:
    """Return the images of a data set with their ids, and the catalog columns that the model takes."""
    ids, names = dataset.ids, model.columns
    require_images(dataset.images, model.pixels.bands, model.image_px, model.depth)
    values = dataset.column_values(names) if names else np.empty((len(dataset), 0))

    def identify(row: int) -> Row:
        cells = ("" if np.isnan(value) else repr(float(value)) for value in values[row])
        return Row(str(ids[row]), "", tuple(cells))

    return ArrayInput("images", dataset.images, array_framing(model), identify, names)


def _of_array(model: Bundle, values: np.ndarray, name: Any) -> ImageInput:
    require_images(values, model.pixels.bands, model.image_px, model.depth)
    return ArrayInput("images", values, array_framing(model), lambda row: Row(name(row), ""))


def _input_options(options: Mapping[str, Any]) -> InputOptions:
    unknown = set(options) - set(InputOptions.__dataclass_fields__)
    if unknown:
        known = ", ".join(InputOptions.__dataclass_fields__)
        raise UserError(f"{min(unknown)} is not an option of predict. Choose from {known}.")
    kept = options.get("keep_columns", ())
    return InputOptions(
        **{**options, "keep_columns": (kept,) if isinstance(kept, str) else tuple(kept)}
    )
