from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.bundle import read_bundle
from astroclf.bundle.agreement import require_agreement
from astroclf.data.framing import Framing
from astroclf.data.pixels import Pixels
from astroclf.errors import UserError
from astroclf.evaluation.decisions.activation import SIGMOID
from astroclf.evaluation.decisions.decision import Decision

RGB, GRI = ("red", "green", "blue"), ("g", "r", "i")
FRAMED = Framing(RGB, "8-bit", "srgb", crop_px=None, image_px=8)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"classes": ("galaxy", "quasar")}, "classes: a has galaxy, star, b has galaxy, quasar"),
        ({"decision": Decision(SIGMOID)}, "kind of targets: a has classes, b has vote fractions"),
        (
            {"pixels": Pixels(GRI, 0.4, "srgb"), "framing": None},
            "bands: a has red, green, blue, b has g, r, i",
        ),
        ({"image_px": 16, "framing": None}, "image size: a has 8 px, b has 16 px"),
        ({"pixels": Pixels(RGB, 0.2, "srgb")}, "pixel scale: a has 0.4, b has 0.2"),
        (
            {"framing": Framing(RGB, "8-bit", "srgb", crop_px=20, image_px=8)},
            "framing: a has the largest square of 8-bit files, b has the central 20 px of 8-bit files",
        ),
    ],
    ids=lambda value: value.split(":")[0] if isinstance(value, str) else "",
)
def test_models_that_differ_are_refused_with_the_difference(
    changes: dict[str, Any], reason: str, tmp_path: Path, write_tiny: Callable[..., Path]
) -> None:
    members = [
        read_bundle(write_tiny(tmp_path / "a"), "cpu"),
        read_bundle(write_tiny(tmp_path / "b", **changes), "cpu"),
    ]
    with pytest.raises(UserError) as refused:
        require_agreement(members, ["a", "b"])
    assert str(refused.value) == (
        f"model_from=[a,b]: the members of an ensemble differ in their {reason}. "
        "Give models that agree, or one at a time."
    )


def test_another_order_of_classes_and_another_limit_of_the_size_agree(
    tmp_path: Path, write_tiny: Callable[..., Path]
) -> None:
    large = Framing(RGB, "8-bit", "srgb", crop_px=None, image_px=8, max_megapixels=9)
    members = [
        read_bundle(write_tiny(tmp_path / "a"), "cpu"),
        read_bundle(write_tiny(tmp_path / "b", classes=("star", "galaxy"), framing=large), "cpu"),
    ]
    require_agreement(members, ["a", "b"])
