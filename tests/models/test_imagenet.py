"""ImageNet weights from a local hub, in a new process for each test.

The client of the hub reads its address at import.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file

from astroclf.models import hub, imagenet
from fixtures.hub import SILENCE_S, Hub, run_with_hub
from fixtures.local_server import serve

# Of the smallest networks that timm has, one for each way the hub may answer.
SAFE, PICKLED, ABSENT, SILENT = "test_resnet", "test_efficientnet", "test_vit", "test_convnext"

SCRIPT = """
import json, sys, time
from pathlib import Path
import torch
from astroclf.models import build_model, hub, imagenet
from astroclf.settings.sections import Timm

folder, *names = sys.argv[1:]
results = {}
for name in names:
    hub.TIMEOUT_S = 0.3 if name == "test_convnext" else 5.0
    start_s = time.perf_counter()
    found = imagenet.find_imagenet_weights(name)
    results[name] = {"found": str(found), "time_s": time.perf_counter() - start_s}
    results[name]["is_file"] = isinstance(found, Path)
    results[name]["is_requested_once"] = imagenet.find_imagenet_weights(name) is found
    imagenet.find_imagenet_weights.cache_clear()
    if isinstance(found, Path):
        settings = Timm(
            family="timm",
            name=name,
            weights=None,
            pretrained="auto",
            hidden_units=(),
            dropout=0,
            features="last",
            drop_path=0,
        )
        built = build_model(settings, channels=3, outputs=4, image_px=32)
        results[name]["backbone"], results[name]["warning"] = built.backbone, built.warning
        torch.save(built.classifier.backbone.state_dict(), f"{folder}/{name}-built.pt")
print(json.dumps(results))
"""


def find_weights(address: str, folder: Path, *names: str) -> dict[str, dict[str, Any]]:
    """Return the weights of each network found by a new process, with the hub at that address."""
    printed = run_with_hub(address, folder / "home", SCRIPT, str(folder), *names)
    results: dict[str, dict[str, Any]] = json.loads(printed)
    return results


@dataclass(frozen=True)
class Requested:
    """Results of a process that requested each network from the hub, and the requests."""

    results: dict[str, dict[str, Any]]
    requests: list[tuple[str, str]]
    folder: Path

    def published(self, name: str) -> dict[str, torch.Tensor]:
        weights: dict[str, torch.Tensor] = torch.load(self.folder / f"{name}.pt")
        return weights

    def built(self, name: str) -> dict[str, torch.Tensor]:
        weights: dict[str, torch.Tensor] = torch.load(self.folder / f"{name}-built.pt")
        return weights


@pytest.fixture(scope="module")
def requested(tmp_path_factory: pytest.TempPathFactory) -> Requested:
    folder = tmp_path_factory.mktemp("hub")
    torch.manual_seed(7)
    for name in (SAFE, PICKLED):
        torch.save(timm.create_model(name).state_dict(), folder / f"{name}.pt")
    save_file(torch.load(folder / f"{SAFE}.pt"), folder / f"{SAFE}.safetensors")
    files = {
        f"timm/{SAFE}/model.safetensors": (folder / f"{SAFE}.safetensors").read_bytes(),
        f"timm/{PICKLED}/pytorch_model.bin": (folder / f"{PICKLED}.pt").read_bytes(),
    }
    filled = type("FilledHub", (Hub,), {"files": files, "requests": []})
    with serve(filled) as address:
        results = find_weights(address, folder, SAFE, PICKLED, ABSENT, SILENT)
    return Requested(results, list(filled.requests), folder)


@pytest.mark.parametrize(
    ("name", "file_name"), [(SAFE, "model.safetensors"), (PICKLED, "pytorch_model.bin")]
)
def test_weights_are_fetched_once_and_loaded(
    requested: Requested, name: str, file_name: str
) -> None:
    results = requested.results[name]
    assert results["is_file"], results
    assert results["found"].endswith(file_name)
    assert (results["backbone"], results["warning"]) == ("imagenet", None)
    assert requested.requests.count(("GET", f"timm/{name}/{file_name}")) == 1
    published, built = requested.published(name), requested.built(name)
    assert set(built) <= set(published)
    assert len(built) == len(published) - 2, "all but the two of the head"
    assert all(torch.equal(built[weight], published[weight]) for weight in built)


def test_a_hub_without_the_file_is_named(requested: Requested) -> None:
    assert (
        "holds none of model.safetensors, pytorch_model.bin" in requested.results[ABSENT]["found"]
    )


def test_a_hub_without_response_times_out(requested: Requested) -> None:
    results = requested.results[SILENT]
    assert not results["is_file"]
    assert results["found"].startswith("the model hub ")
    assert results["time_s"] < SILENCE_S / 2
    assert results["is_requested_once"]
    assert 1 < hub.TIMEOUT_S <= 5, "the default timeout"


def test_an_unreachable_hub_fails_at_once(tmp_path: Path) -> None:
    with socket.socket() as closed:  # bound, but nobody listens
        closed.bind(("127.0.0.1", 0))
        results = find_weights(f"http://127.0.0.1:{closed.getsockname()[1]}", tmp_path, SAFE)[SAFE]
    assert not results["is_file"]
    assert results["found"].startswith("the model hub cannot be reached: ")
    assert "\n" not in results["found"]
    assert results["time_s"] < 4


def test_offline_no_request_is_sent() -> None:
    assert (
        imagenet.find_imagenet_weights("test_nfnet")
        == "not in the hub's cache, and HF_HUB_OFFLINE is set"
    )


def test_a_network_without_published_weights_is_reported() -> None:
    unpublished = next(
        name for name in timm.list_models("resnet*") if not timm.get_pretrained_cfg(name).hf_hub_id
    )
    assert "publishes none" in str(imagenet.find_imagenet_weights(unpublished))
