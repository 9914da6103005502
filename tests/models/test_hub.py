from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from astroclf.models import hub
from astroclf.models.hub import WEIGHT_FILES, find_hub_file

huggingface_hub = pytest.importorskip("huggingface_hub")
constants = pytest.importorskip("huggingface_hub.constants")
errors = pytest.importorskip("huggingface_hub.errors")


@pytest.fixture(autouse=True)
def uncached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_: None)


def test_the_first_cached_file_needs_no_request(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cached = {"pytorch_model.bin": str(tmp_path / "weights")}
    monkeypatch.setattr(
        huggingface_hub, "try_to_load_from_cache", lambda repository, name: cached.get(name)
    )
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", None)
    assert find_hub_file("astro/net", WEIGHT_FILES) == tmp_path / "weights"


def test_without_a_network_only_the_cache_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert find_hub_file("astro/net", WEIGHT_FILES) == (
        "not in the hub's cache, and HF_HUB_OFFLINE is set"
    )


def test_a_repository_without_the_files_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    requested = []

    def missing(url: str, **_: Any) -> None:
        requested.append(url.rpartition("/")[2])
        raise errors.EntryNotFoundError("404")

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", missing)
    assert find_hub_file("astro/net", WEIGHT_FILES) == (
        "astro/net on the model hub holds none of model.safetensors, pytorch_model.bin"
    )
    assert requested == list(WEIGHT_FILES)


def test_a_silent_hub_is_given_up_after_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    requested = []

    def silent(url: str, **_: Any) -> None:
        requested.append(url)
        time.sleep(1)

    monkeypatch.setattr(hub, "TIMEOUT_S", 0.05)
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", silent)
    assert "did not answer within" in str(find_hub_file("astro/net", WEIGHT_FILES))
    assert len(requested) == 1, "one timeout, not one for each file"
