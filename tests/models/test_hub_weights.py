"""Networks of the model hub by name, from a hub on this machine."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import timm
import torch

from astroclf.errors import UserError
from astroclf.models import hub_weights
from astroclf.models.build import require_model
from astroclf.models.hub_weights import HubWeights
from fixtures.hub import Hub, run_with_hub
from fixtures.local_server import serve

NAME = "hf_hub:astro/encoder-test_resnet"
CONFIG = {
    "architecture": "test_resnet",
    "num_classes": 0,
    "pretrained_cfg": {"input_size": [3, 32, 32], "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]},
}
SCRIPT = """
import json, sys
import torch
from astroclf.errors import UserError
from astroclf.models import build_model
from astroclf.models.hub_weights import fetch_hub_weights
from astroclf.settings.sections import Timm

file, *names = sys.argv[1:]
settings = Timm(family="timm", name="test_resnet", weights=names[0], pretrained=False,
    hidden_units=(), dropout=0, features="last", drop_path=0)
built = build_model(settings, channels=5, outputs=4, image_px=32)
torch.save(built.classifier.backbone.state_dict(), file)
refused = []
for name in names[1:]:
    try:
        fetch_hub_weights(name)
    except UserError as error:
        refused.append(str(error))
print(json.dumps([built.backbone, built.warning, built.normalization, refused]))
"""


def saved(weights: dict[str, torch.Tensor]) -> bytes:
    stream = BytesIO()
    torch.save(weights, stream)
    return stream.getvalue()


def test_a_named_encoder_is_loaded_with_its_normalization_and_adapted_to_five_bands(
    tmp_path: Path,
) -> None:
    torch.manual_seed(3)
    published = timm.create_model("test_resnet", num_classes=0).state_dict()
    files = {
        "astro/encoder-test_resnet/config.json": json.dumps(CONFIG).encode(),
        "astro/encoder-test_resnet/pytorch_model.bin": saved(published),
        "astro/other/config.json": b'{"model_type": "bert"}',
    }
    hub = type("FilledHub", (Hub,), {"files": files, "requests": []})
    with serve(hub) as address:
        names = (NAME, "hf_hub:astro/other", "hf_hub:astro/missing")
        printed = run_with_hub(address, tmp_path, SCRIPT, str(tmp_path / "built.pt"), *names)
    backbone, warning, normalization, refused = json.loads(printed)
    assert backbone == NAME
    assert "adapted to 5 bands" in warning
    assert normalization == [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]
    built = torch.load(tmp_path / "built.pt")
    same = [name for name in built if torch.equal(built[name], published[name])]
    assert len(built) - len(same) == 1, "only the first convolution differs"
    assert "does not describe a network of timm" in refused[0]
    assert "holds none of config.json" in refused[1]


@pytest.mark.parametrize(("name", "is_refused"), [("resnet18", True), ("test_resnet", False)])
def test_weights_of_another_network_are_refused_before_the_images_are_read(
    settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, is_refused: bool
) -> None:
    found = HubWeights("test_resnet", (0.5,), (0.5,), tmp_path / "file")
    monkeypatch.setattr("astroclf.models.build.fetch_hub_weights", lambda _: found)
    model = settings("model=timm", f"model.name={name}", f"model.weights={NAME}").model
    if not is_refused:
        require_model(model)
        return
    with pytest.raises(UserError, match=f"are of test_resnet, not of model.name={name}"):
        require_model(model)


def test_zoobot_encoders_are_named_by_their_network(settings: Any) -> None:
    model = settings("model=zoobot", "model.name=efficientnet_b0").model
    assert model.weights == "hf_hub:mwalmsley/zoobot-encoder-efficientnet_b0"
    assert hub_weights.is_on_hub(model.weights)
