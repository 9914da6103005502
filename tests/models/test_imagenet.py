"""Each test asks in a new process, since the client of the hub reads its address when it is imported."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file

from astroclf.models import imagenet

# Of the smallest networks that timm has, one for each way the hub may answer.
SAFE, PICKLED, ABSENT, SILENT = "test_resnet", "test_efficientnet", "test_vit", "test_convnext"
SILENCE_S = 4.0

ASK = """
import json, sys, time
from pathlib import Path
import torch
from astroclf.models import build_model, imagenet
from astroclf.settings.sections import Timm

folder, *names = sys.argv[1:]
said = {}
for name in names:
    imagenet.PATIENCE_S = 0.3 if name == "test_convnext" else 5.0
    start_s = time.perf_counter()
    found = imagenet.find_imagenet_weights(name)
    said[name] = {"found": str(found), "time_s": time.perf_counter() - start_s}
    said[name]["is_file"] = isinstance(found, Path)
    said[name]["is_asked_once"] = imagenet.find_imagenet_weights(name) is found
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
        said[name]["backbone"], said[name]["warning"] = built.backbone, built.warning
        torch.save(built.classifier.backbone.state_dict(), f"{folder}/{name}-built.pt")
print(json.dumps(said))
"""


def ask(address: str, folder: Path, *names: str) -> dict[str, dict[str, Any]]:
    """What a new process says of the weights of each network, with the model hub at that address."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    hub = {"HF_ENDPOINT": address, "HF_HOME": str(folder / "home"), "HF_HUB_DISABLE_XET": "1"}
    result = subprocess.run(
        [sys.executable, "-c", ASK, str(folder), *names],
        env={**inherited, **hub, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    said: dict[str, dict[str, Any]] = json.loads(result.stdout.splitlines()[-1])
    return said


class Hub(BaseHTTPRequestHandler):
    """Plays the model hub, with the headers that its client needs."""

    files: dict[str, bytes]  # <network>/<file>
    requests: list[tuple[str, str]]  # method and such a key

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self.wfile.write(self._answer())

    def _answer(self) -> bytes:
        repository, _, file_name = self.path.partition("/resolve/main/")
        network = repository.removeprefix("/timm/").partition(".")[0]
        key = f"{network}/{file_name}"
        self.requests.append((self.command, key))
        if network == SILENT:
            time.sleep(SILENCE_S)
        content = self.files.get(key, b"")
        self.send_response(200 if content else 404)
        if content:
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", "0" * 40)
        else:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return content

    def log_message(self, *arguments: Any) -> None:
        """Nothing on the terminal."""


@contextmanager
def serve(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False  # the silent answer may come when nobody waits for it
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Asked:
    """What a process said that had asked the hub for each network, and what the hub was asked."""

    said: dict[str, dict[str, Any]]
    requests: list[tuple[str, str]]
    folder: Path

    def published(self, name: str) -> dict[str, torch.Tensor]:
        weights: dict[str, torch.Tensor] = torch.load(self.folder / f"{name}.pt")
        return weights

    def built(self, name: str) -> dict[str, torch.Tensor]:
        weights: dict[str, torch.Tensor] = torch.load(self.folder / f"{name}-built.pt")
        return weights


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    folder = tmp_path_factory.mktemp("hub")
    torch.manual_seed(7)
    for name in (SAFE, PICKLED):
        torch.save(timm.create_model(name).state_dict(), folder / f"{name}.pt")
    save_file(torch.load(folder / f"{SAFE}.pt"), folder / f"{SAFE}.safetensors")
    files = {
        f"{SAFE}/model.safetensors": (folder / f"{SAFE}.safetensors").read_bytes(),
        f"{PICKLED}/pytorch_model.bin": (folder / f"{PICKLED}.pt").read_bytes(),
    }
    hub = type("FilledHub", (Hub,), {"files": files, "requests": []})
    with serve(hub) as address:
        said = ask(address, folder, SAFE, PICKLED, ABSENT, SILENT)
    return Asked(said, list(hub.requests), folder)


@pytest.mark.parametrize(
    ("name", "file_name"), [(SAFE, "model.safetensors"), (PICKLED, "pytorch_model.bin")]
)
def test_weights_are_fetched_once_and_loaded(asked: Asked, name: str, file_name: str) -> None:
    said = asked.said[name]
    assert said["is_file"], said
    assert said["found"].endswith(file_name)
    assert (said["backbone"], said["warning"]) == ("imagenet", "")
    assert asked.requests.count(("GET", f"{name}/{file_name}")) == 1
    published, built = asked.published(name), asked.built(name)
    assert set(built) <= set(published)
    assert len(built) == len(published) - 2, "all but the two of the head"
    assert all(torch.equal(built[weight], published[weight]) for weight in built)


def test_a_hub_without_the_file_is_named(asked: Asked) -> None:
    assert "holds none of model.safetensors, pytorch_model.bin" in asked.said[ABSENT]["found"]


def test_a_hub_that_never_answers_is_given_up(asked: Asked) -> None:
    said = asked.said[SILENT]
    assert not said["is_file"]
    assert said["found"].startswith("the model hub ")
    assert said["time_s"] < SILENCE_S / 2
    assert said["is_asked_once"]
    assert 1 < imagenet.PATIENCE_S <= 5, "what it waits for where a test does not say less"


def test_a_hub_that_is_not_there_is_given_up_at_once(tmp_path: Path) -> None:
    with socket.socket() as closed:  # bound, but nobody listens
        closed.bind(("127.0.0.1", 0))
        said = ask(f"http://127.0.0.1:{closed.getsockname()[1]}", tmp_path, SAFE)[SAFE]
    assert not said["is_file"]
    assert said["found"].startswith("the model hub cannot be reached: ")
    assert "\n" not in said["found"]
    assert said["time_s"] < 4


def test_offline_the_hub_is_not_asked() -> None:
    assert (
        imagenet.find_imagenet_weights("test_nfnet")
        == "not in the hub's cache, and HF_HUB_OFFLINE is set"
    )


def test_a_network_may_have_none() -> None:
    unpublished = next(
        name for name in timm.list_models("resnet*") if not timm.get_pretrained_cfg(name).hf_hub_id
    )
    assert "publishes none" in str(imagenet.find_imagenet_weights(unpublished))
