from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from astroclf.errors import UserError
from astroclf.training import numerics
from astroclf.training.losses import cross_entropy
from astroclf.training.numerics import Numerics, choose_numerics, fastest, list_candidates, measure

CPU = torch.device("cpu")
IMAGES = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 1, 0, 1])


@pytest.fixture
def network() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Dropout(0.5), nn.Linear(144, 2)
    )


def choose(settings: Any, network: nn.Module, memory: Path, *overrides: str) -> Numerics:
    trainer = settings("trainer.precision=auto", "trainer.channels_last=auto", *overrides).trainer
    return choose_numerics(trainer, network, cross_entropy, IMAGES, LABELS, CPU, memory)


def test_what_the_user_says_is_not_measured(
    settings: Any, network: nn.Module, tmp_path: Path
) -> None:
    memory = tmp_path / "numerics.json"
    chosen = choose(
        settings, network, memory, "trainer.precision=bf16", "trainer.channels_last=true"
    )
    assert chosen == Numerics("bf16", channels_last=True)
    assert not memory.exists()


def test_a_measurement_is_remembered(
    settings: Any, network: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "cache" / "numerics.json"
    first = choose(settings, network, memory)
    assert list(json.loads(memory.read_text()).values()) == [first.to_dict()]
    monkeypatch.setattr(numerics, "measure", lambda *_: pytest.fail("measured again"))
    assert choose(settings, network, memory) == first


def test_another_network_is_measured_anew(
    settings: Any, network: nn.Module, tmp_path: Path
) -> None:
    memory = tmp_path / "numerics.json"
    choose(settings, network, memory)
    other = nn.Sequential(nn.Flatten(), nn.Linear(192, 2))
    choose(settings, other, memory)
    assert len(json.loads(memory.read_text())) == 2


def test_a_frozen_network_is_measured_anew(
    settings: Any, network: nn.Module, tmp_path: Path
) -> None:
    """It has no backward pass to wait for."""
    memory = tmp_path / "numerics.json"
    choose(settings, network, memory)
    network[0].requires_grad_(False)
    choose(settings, network, memory)
    assert len(json.loads(memory.read_text())) == 2


@pytest.mark.parametrize("spoilt", ["", "{", '{"x": 1}', "[]"])
def test_a_spoilt_memory_is_replaced(
    settings: Any, network: nn.Module, tmp_path: Path, spoilt: str
) -> None:
    memory = tmp_path / "numerics.json"
    memory.write_text(spoilt)
    chosen = choose(settings, network, memory)
    assert chosen.to_dict() in json.loads(memory.read_text()).values()


def test_measuring_leaves_network_and_randomness_alone(network: nn.Module) -> None:
    network.train()
    before = copy.deepcopy(network.state_dict())
    state = torch.get_rng_state()
    candidates = [Numerics("fp32", False), Numerics("bf16", True)]
    times_s = measure(candidates, network, cross_entropy, IMAGES, LABELS, CPU)
    assert set(times_s) == set(candidates)
    assert all(seconds > 0 for seconds in times_s.values())
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(parameter.grad is None for parameter in network.parameters())
    assert network.training


def test_fp16_on_a_cpu_is_refused(settings: Any, network: nn.Module, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"trainer\.precision=fp16 is for GPUs"):
        choose(settings, network, tmp_path / "numerics.json", "trainer.precision=fp16")


def test_candidates_are_what_the_settings_leave_open(settings: Any) -> None:
    def listed(precision: str, channels_last: str) -> list[str]:
        overrides = (f"trainer.precision={precision}", f"trainer.channels_last={channels_last}")
        return [str(each) for each in list_candidates(settings(*overrides).trainer, CPU)]

    assert listed("auto", "false") == ["fp32 contiguous", "bf16 contiguous"]
    assert listed("fp32", "auto") == ["fp32 contiguous", "fp32 channels_last"]
    assert len(listed("auto", "auto")) == 4


def test_a_lower_precision_must_be_clearly_faster() -> None:
    full, low = Numerics("fp32", True), Numerics("bf16", True)
    assert fastest({full: 1.00, low: 0.99}) == full
    assert fastest({full: 1.00, low: 0.90}) == low
    assert fastest({full: 1.00, Numerics("fp32", False): 0.99}) == Numerics("fp32", False)


def test_placing_changes_the_memory_format_and_no_number() -> None:
    placed = Numerics("fp32", channels_last=True).place_images(IMAGES)
    assert placed.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(placed, IMAGES)
    back = Numerics("fp32", channels_last=False).place_images(placed)
    assert back.is_contiguous()


def test_autocast_computes_in_the_precision(network: nn.Module) -> None:
    with Numerics("bf16", False).autocast(CPU):
        assert network(IMAGES).dtype == torch.bfloat16
    with Numerics("fp32", False).autocast(CPU):
        assert network(IMAGES).dtype == torch.float32
