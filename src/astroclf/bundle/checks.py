"""Checks of the arrays that a bundle predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from astroclf.data.formats import Depth
from astroclf.errors import UserError

FLOATS = ("f2", "f4", "f8")
# Depth -> types (kind and size of a dtype) that hold the same values as the training images.
ACCEPTED: Mapping[Depth | None, tuple[str, ...]] = {
    "8-bit": ("u1",),
    "16-bit": ("u2", *FLOATS),
    "float": FLOATS,
    None: ("u1", "u2", *FLOATS),
}
CHUNK = 256  # images checked at a time, so that a memory map needs little memory


class NotFiniteError(UserError):
    """An image with a pixel or a logit that is not finite; the others may be predicted."""


def require_images(
    images: np.ndarray, bands: tuple[str, ...], image_px: int, depth: Depth | None
) -> None:
    """Raise UserError unless the images have the shape and type of the training images."""
    if not isinstance(images, np.ndarray):
        raise UserError(
            f"predict was given {type(images).__name__}, not an array of images. Read files first: "
            "model.predict(model.read_files(files))."
        )
    if images.shape[1:] != (len(bands), image_px, image_px):
        raise UserError(
            f"images of shape {images.shape} do not fit: this model takes (N, {len(bands)}, {image_px}, {image_px}) "
            f"with the bands {', '.join(bands)}."
        )
    if f"{images.dtype.kind}{images.dtype.itemsize}" not in ACCEPTED[depth]:
        accepted = " or ".join(str(np.dtype(each)) for each in ACCEPTED[depth])
        raise UserError(
            f"images of {images.dtype} do not fit: this model was trained on {depth or 'other'} images and takes "
            f"{accepted}. Convert them to the values of that depth."
        )


def require_columns(columns: np.ndarray | None, names: Sequence[str], n_images: int) -> None:
    """Raise UserError unless there are the catalog columns that a model takes, or none for one without."""
    if columns is None and not names:
        return
    if columns is None:
        raise UserError(
            f"the model takes the catalog columns {', '.join(names)} beside each image. Give a table or a data set with them."
        )
    if columns.shape != (n_images, len(names)):
        raise UserError(
            f"catalog columns of shape {columns.shape} do not fit: the model takes ({n_images}, {len(names)}) for "
            f"{n_images} images, the columns {', '.join(names) or 'none'}."
        )


def require_finite_pixels(images: np.ndarray) -> None:
    """Raise UserError that names the first image with a pixel that is not finite."""
    if images.dtype.kind != "f":
        return
    for start in range(0, len(images), CHUNK):
        _require_finite(
            images[start : start + CHUNK],
            start,
            "NaN or infinite pixels. Replace them, or leave the image out",
        )


def require_finite_logits(logits: np.ndarray) -> None:
    """Raise UserError that names the first image with a logit that is not finite."""
    _require_finite(logits, 0, "pixels for which the network outputs no finite number")


def _require_finite(values: np.ndarray, start: int, reason: str) -> None:
    bad = np.flatnonzero(~np.isfinite(values).all(axis=tuple(range(1, values.ndim))))
    if len(bad):
        raise NotFiniteError(
            f"image {start + bad[0]} of those given (counted from 0) has {reason}."
        )
