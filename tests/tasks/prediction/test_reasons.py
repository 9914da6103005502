from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from astroclf.data.formats import RGB
from astroclf.data.inputs.coordinates import CoordinatesInput
from astroclf.data.pixels import Pixels
from astroclf.errors import UserError
from astroclf.tasks.prediction.reasons import require_an_image

MODEL: Any = SimpleNamespace(pixels=Pixels(RGB, None, "asinh"), depth="8-bit")


IMAGES: Any = SimpleNamespace(title="predict.input=a", wanted="")


def test_one_image_is_enough() -> None:
    require_an_image(IMAGES, MODEL, {"": 1, "empty file": 9})
    require_an_image(IMAGES, MODEL, {})


def test_an_input_without_a_usable_image_is_refused_with_what_the_model_takes() -> None:
    with pytest.raises(
        UserError,
        match=r"predict\.input=a: none of its 1,002 images can be used: float values, not 8-bit \(1,000\); "
        r"1 bands, not 3 \(2\)\. Give 8-bit images of 3 bands \(red, green, blue\), as those",
    ):
        require_an_image(
            IMAGES, MODEL, {"float values, not 8-bit": 1000, "1 bands, not 3": 2, "": 0}
        )


def test_coordinates_outside_every_frame_are_answered_with_what_coordinates_need() -> None:
    coordinates: Any = SimpleNamespace(title="predict.input=c.csv", wanted=CoordinatesInput.wanted)
    with pytest.raises(
        UserError, match=r"outside every frame \(2\)\. Give coordinates inside the frames"
    ):
        require_an_image(coordinates, MODEL, {"outside every frame": 2})
