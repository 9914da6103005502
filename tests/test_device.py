from __future__ import annotations

import pytest
import torch

from astroclf.device import choose_device, describe_device, has_tf32, wait_for
from astroclf.errors import UserError


def test_auto_takes_the_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto").type == "mps"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"


def test_a_gpu_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(UserError, match=r"trainer\.device=cuda:2 is not available on this machine"):
        choose_device("cuda:2")


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_missing_device_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UserError, match=f"trainer.device={name} is not available on this machine"):
        choose_device(name)


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x", "meta"])
def test_a_word_that_is_no_device_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=f"trainer.device={name} is not"):
        choose_device(name)


@pytest.mark.parametrize(("threads", "described"), [(1, "cpu (1 thread)"), (2, "cpu (2 threads)")])
def test_the_cpu_is_described_with_its_threads(
    monkeypatch: pytest.MonkeyPatch, threads: int, described: str
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    device = choose_device("cpu")
    wait_for(device)
    assert describe_device(device) == described


def test_tf32_is_for_gpus_from_ampere_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not has_tf32(torch.device("cpu"))
    for capability, expected in (((7, 5), False), ((8, 0), True), ((9, 0), True)):
        monkeypatch.setattr(
            torch.cuda, "get_device_capability", lambda device, version=capability: version
        )
        assert has_tf32(torch.device("cuda")) == expected
