"""A bundle of a tiny network without training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from astroclf.bundle import Description, FileCut, write_bundle
from astroclf.data.pixels import Pixels
from astroclf.data.preprocess import Preprocess
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
UNITS = {"8-bit": 255.0, "16-bit": 65535.0, "flux": 0.02}


@pytest.fixture(scope="session")
def write_tiny() -> Callable[..., Path]:
    """write_tiny(folder, depth, seed, **changes): a bundle for images of (3, 8, 8)."""

    def write(folder: Path, depth: str = "8-bit", seed: int = 0, **changes: Any) -> Path:
        stretch = "linear" if depth == "flux" else "srgb"
        content: dict[str, Any] = {
            "classes": ("galaxy", "star"),
            "has_votes": False,
            "decision": Decision("softmax", temperature=1.5),
            "views": 1,
            "cut": FileCut(crop_px=None, image_px=8, channels=3),
            "image_px": 8,
            "depth": depth,
            "pixels": Pixels(("red", "green", "blue"), 0.4, stretch),
            "preprocess": Preprocess(stretch, (UNITS[depth],) * 3, (0.4,) * 3, (0.2,) * 3),
            "model": MODEL,
            "made_by": {
                "astroclf": "1.0",
                "git_commit": "",
                "created": "2026-01-01T00:00:00+00:00",
            },
            "facts": {"dataset": {"name": "image_folder"}, "metrics": {"val": {"loss": 0.5}}},
        }
        torch.manual_seed(seed)
        model = sections.Cnn.model_validate(MODEL)
        network = build_model(model, channels=3, outputs=2, image_px=8).classifier
        write_bundle(folder, network.state_dict(), Description(**{**content, **changes}))
        return folder

    return write
