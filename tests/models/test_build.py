from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from astroclf.models import build_model
from fixtures.networks import MODELS


@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize("model", MODELS)
def test_every_model_takes_any_number_of_bands(settings: Any, model: str, channels: int) -> None:
    chosen = settings(f"model={model}", "model.pretrained=false").model
    built = build_model(chosen, channels=channels, outputs=5, image_px=32)
    with torch.inference_mode():
        logits = built.classifier.eval()(torch.randn(1, channels, 32, 32))
    assert logits.shape == (1, 5)
    assert torch.isfinite(logits).all()
    assert (built.backbone, built.warning) == ("random", None)


def test_settings_shape_the_network(settings: Any) -> None:
    chosen = settings("model.widths=[3,5]", "model.hidden_units=[7]", "model.dropout=0.25").model
    network = build_model(chosen, channels=2, outputs=4, image_px=8).classifier
    shapes = [tuple(p.shape) for p in network.parameters() if p.ndim > 1]
    assert shapes == [
        (3, 2, 3, 3),
        (3, 3, 3, 3),
        (5, 3, 3, 3),
        (5, 5, 3, 3),
        (7, 5 * 2 * 2),
        (4, 7),
    ]


def test_weights_from_a_file_are_named(settings: Any, tmp_path: Path) -> None:
    shape = {"channels": 3, "outputs": 2, "image_px": 16}
    file = tmp_path / "weights.pt"
    given = build_model(settings().model, **shape).classifier
    torch.save(given.state_dict(), file)
    built = build_model(settings(f"model.weights={file}").model, **shape)
    assert (built.backbone, built.warning) == (str(file), None)
    for name, value in built.classifier.state_dict().items():
        assert torch.equal(value, given.state_dict()[name]), name
