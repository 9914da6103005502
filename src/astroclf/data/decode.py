"""Decoding of image files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from astroclf.data import formats
from astroclf.data.formats import GRAY, RGB, BadImage
from astroclf.data.framing import Framing

__all__ = ["BadImage", "decode", "fit"]


def decode(file: Path) -> np.ndarray:
    return formats.decode(file)[1]


def fit(picture: np.ndarray, crop_px: int | None, image_px: int, channels: int) -> np.ndarray:
    bands = GRAY if channels == 1 else RGB
    return Framing(bands, None, "linear", crop_px, image_px).fit(picture)
