from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from astroclf.api.prediction import as_input, frames
from astroclf.bundle import Prediction
from astroclf.data.formats import RGB
from astroclf.data.pixels import Pixels
from astroclf.errors import UserError


def predict(images: np.ndarray, columns: np.ndarray | None = None) -> Prediction:
    shares = np.full((len(images), 2), 0.5)
    return Prediction(shares, shares.argmax(axis=1))


MODEL: Any = SimpleNamespace(
    classes=("galaxy", "star"),
    framing=None,
    pixels=Pixels(RGB, None, "linear"),
    image_px=8,
    depth="float",
    prediction=predict,
    columns=(),
)


def test_an_array_without_images_has_all_columns() -> None:
    images = as_input(np.zeros((0, 3, 8, 8), np.float32), MODEL, {})
    (table,) = frames(MODEL, images, 10)
    assert len(table) == 0
    assert list(table)[:5] == ["id", "path", "label", "p_galaxy", "p_star"]


def test_arrays_of_another_size_are_refused() -> None:
    with pytest.raises(UserError, match=r"\(2, 3, 9, 9\) do not fit"):
        as_input(np.zeros((2, 3, 9, 9), np.float32), MODEL, {})


def test_unknown_options_are_refused() -> None:
    with pytest.raises(
        UserError, match=r"root is not an option of predict\. Choose from path_column"
    ):
        as_input(".", MODEL, {"root": "."})
