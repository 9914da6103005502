from __future__ import annotations

import pytest
import torch

from astroclf.errors import UserError
from astroclf.training.device import choose_device, describe_device, wait_for


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
    with pytest.raises(UserError, match=r"trainer\.device=cuda:2 is not there"):
        choose_device("cuda:2")


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UserError, match=f"trainer.device={name} is not there"):
        choose_device(name)


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x", "meta"])
def test_a_word_that_is_no_device_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=f"trainer.device={name} is not"):
        choose_device(name)


def test_the_cpu_is_described_with_its_threads() -> None:
    device = choose_device("cpu")
    wait_for(device)
    assert describe_device(device) == f"cpu ({torch.get_num_threads()} threads)"
