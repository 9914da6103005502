"""A bundle of a tiny network without training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from astroclf.bundle import Description, Reference, write_bundle
from astroclf.data.formats import Depth
from astroclf.data.framing import Framing
from astroclf.data.pixels import Pixels, Stretch
from astroclf.data.preprocess import Preprocess
from astroclf.evaluation.decisions.activation import SOFTMAX
from astroclf.evaluation.decisions.decision import Decision
from astroclf.models import build_model
from astroclf.settings import sections

MODEL = {
    "family": "cnn",
    "name": "cnn",
    "widths": [2],
    "pool": "average",
    "hidden_units": [],
    "dropout": 0.0,
    "weights": None,
    "pretrained": False,
}
RGB = ("red", "green", "blue")
UNITS = {"8-bit": 255.0, "16-bit": 65535.0, "float": 0.02}


@pytest.fixture(scope="session")
def write_tiny() -> Callable[..., Path]:
    """write_tiny(folder, depth, seed, reference, **changes): a bundle for images of (3, 8, 8)."""

    def write(
        folder: Path,
        depth: Depth = "8-bit",
        seed: int = 0,
        reference: Reference | None = None,
        **changes: Any,
    ) -> Path:
        stretch: Stretch = "linear" if depth == "float" else "srgb"
        content: dict[str, Any] = {
            "classes": ("galaxy", "star"),
            "decision": Decision(SOFTMAX, temperature=1.5),
            "tta_views": 1,
            "framing": Framing(RGB, depth, stretch, crop_px=None, image_px=8),
            "image_px": 8,
            "depth": depth,
            "pixels": Pixels(RGB, 0.4, stretch),
            "preprocess": Preprocess(stretch, (UNITS[depth],) * 3, (0.4,) * 3, (0.2,) * 3),
            "model": MODEL,
            "provenance": {
                "astroclf": "1.0",
                "git_commit": "",
                "created": "2026-01-01T00:00:00+00:00",
            },
            "facts": {"dataset": {"name": "image_folder"}, "metrics": {"val": {"loss": 0.5}}},
        }
        torch.manual_seed(seed)
        model = sections.Cnn.model_validate(MODEL)
        network = build_model(model, channels=3, outputs=2, image_px=8).classifier
        write_bundle(folder, network.state_dict(), Description(**{**content, **changes}), reference)
        return folder

    return write
