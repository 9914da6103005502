"""Measuring the fastest precision and memory format."""

from __future__ import annotations

import copy
import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from astroclf.data.batches import Batch
from astroclf.training import autotune
from astroclf.training.autotune import TrainingStep, choose_precision, fastest, measure
from astroclf.training.losses import cross_entropy
from astroclf.training.precision import Precision, list_candidates

CPU = torch.device("cpu")
IMAGES = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 1, 0, 1])
FP32, FP32_LAST = Precision("fp32", False), Precision("fp32", True)
BF16, BF16_LAST = Precision("bf16", False), Precision("bf16", True)


@pytest.fixture(autouse=True)
def short_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autotune, "BUDGET_S", 0.0)


@pytest.fixture
def network() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Dropout(0.5), nn.Linear(144, 2)
    )


def training_step(network: nn.Module) -> TrainingStep:
    return TrainingStep(
        network, cross_entropy, Batch(IMAGES, LABELS, torch.arange(len(LABELS))), CPU
    )


def choose(settings: Any, network: nn.Module, file: Path, *overrides: str) -> Precision:
    trainer = settings("trainer.precision=auto", "trainer.channels_last=auto", *overrides).trainer
    return choose_precision(trainer, training_step(network), file)


def forbid_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autotune, "measure", lambda *_: pytest.fail("measured again"))


def test_a_choice_of_the_user_is_not_measured(
    settings: Any, network: nn.Module, tmp_path: Path
) -> None:
    file = tmp_path / "precision.json"
    chosen = choose(settings, network, file, "trainer.precision=bf16", "trainer.channels_last=true")
    assert chosen == BF16_LAST
    assert not file.exists()


def test_a_result_is_cached(
    settings: Any, network: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cache" / "precision.json"
    first = choose(settings, network, file)
    assert list(json.loads(file.read_text()).values()) == [first.to_dict()]
    forbid_measuring(monkeypatch)
    assert choose(settings, network, file) == first


def test_parallel_commands_share_one_measurement(
    settings: Any, network: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: list[Precision] = []
    both_started = threading.Barrier(2, timeout=10)
    answers = iter([{FP32: 2.0, BF16: 1.0}])  # a second measurement raises StopIteration
    monkeypatch.setattr(autotune, "measure", lambda *_: next(answers))
    trainer = settings("trainer.precision=auto", "trainer.channels_last=false").trainer

    def command() -> None:
        both_started.wait()
        step = training_step(copy.deepcopy(network))
        chosen.append(choose_precision(trainer, step, tmp_path / "precision.json"))

    commands = [threading.Thread(target=command) for _ in range(2)]
    for each in commands:
        each.start()
    for each in commands:
        each.join()
    assert chosen == [BF16, BF16]


def test_another_network_is_measured_again(
    settings: Any, network: nn.Module, tmp_path: Path
) -> None:
    file = tmp_path / "precision.json"
    choose(settings, network, file)
    choose(settings, nn.Sequential(nn.Flatten(), nn.Linear(192, 2)), file)
    assert len(json.loads(file.read_text())) == 2


def test_a_frozen_network_is_measured_again(
    settings: Any, network: nn.Module, tmp_path: Path
) -> None:
    """It has no backward pass to wait for."""
    file = tmp_path / "precision.json"
    choose(settings, network, file)
    network[0].requires_grad_(False)
    choose(settings, network, file)
    assert len(json.loads(file.read_text())) == 2


@pytest.mark.parametrize("damaged", ["", "{", '{"x": 1}', "[]", "[" * 100_000, "\0\0"])
def test_a_damaged_file_is_replaced(
    settings: Any, network: nn.Module, tmp_path: Path, damaged: str
) -> None:
    file = tmp_path / "precision.json"
    file.write_text(damaged)
    chosen = choose(settings, network, file)
    assert chosen.to_dict() in json.loads(file.read_text()).values()


@pytest.mark.parametrize(
    "damaged",
    [
        {"name": "fp8", "channels_last": False},
        {"name": "fp32", "channels_last": "no"},
        {"name": "fp32"},
        {"name": ["fp32"], "channels_last": False},
        "fp32",
        None,
    ],
)
def test_a_cached_result_that_is_no_candidate_is_measured_again(
    settings: Any, network: nn.Module, tmp_path: Path, damaged: Any
) -> None:
    file = tmp_path / "precision.json"
    choose(settings, network, file)
    (key,) = json.loads(file.read_text())
    file.write_text(json.dumps({key: damaged}))
    chosen = choose(settings, network, file)
    assert json.loads(file.read_text()) == {key: chosen.to_dict()}


def test_a_read_only_cache_costs_a_measurement_and_a_warning(
    settings: Any, network: nn.Module, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = tmp_path / "cache"
    cache.write_text("")  # a file in the place of the folder: nothing can be written below it
    assert choose(settings, network, cache / "precision.json").name in ("fp32", "bf16")
    assert "The next run measures again" in caplog.text


def test_measuring_changes_neither_network_nor_random_state(network: nn.Module) -> None:
    network.train()
    before = copy.deepcopy(network.state_dict())
    state = torch.get_rng_state()
    times_s = measure([FP32, BF16_LAST], training_step(network))
    assert set(times_s) == {FP32, BF16_LAST}
    assert all(seconds > 0 for seconds in times_s.values())
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(parameter.grad is None for parameter in network.parameters())
    assert network.training


@pytest.mark.parametrize(
    ("times_s", "expected"),
    [
        ({FP32: 1.00, FP32_LAST: 0.95, BF16: 0.90, BF16_LAST: 0.85}, FP32),
        ({FP32: 1.00, FP32_LAST: 0.80, BF16: 0.90, BF16_LAST: 0.70}, FP32_LAST),
        ({FP32: 1.00, FP32_LAST: 0.95, BF16: 0.80, BF16_LAST: 0.75}, BF16),
        ({FP32: 1.00, FP32_LAST: 0.80, BF16: 0.70, BF16_LAST: 0.50}, BF16_LAST),
    ],
)
def test_bf16_must_be_20_percent_faster_and_a_memory_format_10(
    times_s: dict[Precision, float], expected: Precision
) -> None:
    assert fastest(times_s) == expected


@pytest.mark.parametrize(
    "idle_s", [(1.0, 0.98, 0.95, 0.9), (1.0, 0.7, 1.1, 0.9), (1.0, 1.0, 0.5, 0.5)]
)
@pytest.mark.parametrize("seed", range(20))
def test_a_busy_machine_chooses_as_an_idle_one_does(
    settings: Any,
    network: nn.Module,
    monkeypatch: pytest.MonkeyPatch,
    idle_s: tuple[float, ...],
    seed: int,
) -> None:
    """Half of the steps take up to five times as long, in bursts of three."""
    trainer = settings("trainer.precision=auto", "trainer.channels_last=auto").trainer
    candidates = list_candidates(trainer, CPU)
    idle = dict(zip(candidates, idle_s, strict=True))
    rng = np.random.default_rng(seed)
    slowdown = iter(np.repeat(1 + rng.uniform(0, 4, 100) * (rng.random(100) < 0.5), 3).tolist())
    monkeypatch.setattr(autotune, "FEWEST_TURNS", autotune.MOST_TURNS)
    monkeypatch.setattr(autotune, "_time_step_s", lambda each, *_: idle[each] * next(slowdown))
    assert fastest(measure(candidates, training_step(network))) == fastest(idle)
