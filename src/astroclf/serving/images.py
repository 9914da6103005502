"""Images of a request: base64 of a file, or nested lists, to the array that a bundle takes."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np

from astroclf.bundle import Bundle
from astroclf.data.formats import BadImage
from astroclf.errors import counted

FILE, ARRAY = "file", "array"  # columns of a request


def read_image(bundle: Bundle, file: Any, array: Any) -> np.ndarray:
    """Return (C, H, W) as `Bundle.prediction` takes it, from one of the two.

    file: base64 of the content of an image file. array: (C, H, W) nested lists or array. Raises
    BadImage for anything that the model does not take.
    """
    is_file, is_array = not is_missing(file), not is_missing(array)
    if is_file == is_array:
        raise BadImage(f"give {FILE} or {ARRAY}" + (", not both" if is_file else ""))
    return _decode_file(bundle, file) if is_file else _check_array(bundle, array)


def _decode_file(bundle: Bundle, file: Any) -> np.ndarray:
    if bundle.framing is None:
        raise BadImage(f"the model was trained on arrays, not on files: give {ARRAY}")
    if not isinstance(file, str):
        raise BadImage(f"{FILE} is not text: give the base64 of the content of an image file")
    try:
        content = base64.b64decode(file, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadImage(f"{FILE} is not base64 of the content of an image file") from error
    return bundle.framing.read_bytes(content)


def _check_array(bundle: Bundle, array: Any) -> np.ndarray:
    try:
        values = np.asarray(array)
        if values.dtype == object:  # rows of a data frame
            values = np.array([[list(row) for row in band] for band in array], dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0, object)
    if values.dtype.kind not in "uif":
        raise BadImage(f"{ARRAY} is not a list of bands of rows of numbers")
    wanted = (len(bundle.pixels.bands), bundle.image_px, bundle.image_px)
    if values.shape != wanted:
        given = " x ".join(map(str, values.shape)) or "of one number"
        raise BadImage(
            f"{ARRAY} has the shape {given}, not {' x '.join(map(str, wanted))} "
            f"({counted(wanted[0], 'band')}, height, width)"
        )
    if not np.isfinite(values).all():
        raise BadImage("NaN or infinite pixels")
    if bundle.depth != "8-bit":
        return values.astype(np.float32)
    if (values != np.rint(values)).any() or values.min() < 0 or values.max() > 255:
        raise BadImage(
            "values that are not whole numbers from 0 to 255, as the training images have"
        )
    return values.astype(np.uint8)


def is_missing(value: Any) -> bool:
    """Return whether a cell of a data frame is empty: None, or NaN of a column without texts."""
    return value is None or (isinstance(value, float) and np.isnan(value))
