from __future__ import annotations

import math
from typing import Any

import pytest
import timm
import torch
from torch import nn

from astroclf.errors import UserError
from astroclf.models import Classifier
from astroclf.models.finetune import parameter_groups
from astroclf.settings import Settings
from astroclf.training.optimizers import Schedule, learning_rate_factor, make_optimizer


@pytest.fixture
def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))


def optimize(settings: Any, network: nn.Module) -> torch.optim.Optimizer:
    """An optimizer over the whole network as one group."""
    group = {"name": "network", "params": list(network.parameters()), "lr": settings.lr}
    return make_optimizer(settings, [group])


def rates(settings: Settings, epochs: int, steps_per_epoch: int) -> list[float]:
    """The learning rate of every step, and the one after the last."""
    network = nn.Linear(2, 2)
    optimizer = optimize(settings.optimizer, network)
    schedule = make_schedule(settings, optimizer, epochs, steps_per_epoch)
    seen = [optimizer.param_groups[0]["lr"]]
    for _ in range(epochs * steps_per_epoch):
        optimizer.step()
        schedule.after_step()
        seen.append(optimizer.param_groups[0]["lr"])
    return seen


def make_schedule(
    settings: Settings, optimizer: torch.optim.Optimizer, epochs: int = 4, steps_per_epoch: int = 5
) -> Schedule:
    return Schedule(
        settings.scheduler,
        optimizer,
        total_steps=epochs * steps_per_epoch,
        steps_per_epoch=steps_per_epoch,
        higher_is_better=False,
    )


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "timm"])
def test_biases_and_norms_are_not_decayed(settings: Any, network: nn.Module, name: str) -> None:
    optimizer = optimize(
        settings(f"optimizer={name}", "optimizer.weight_decay=0.3").optimizer, network
    )
    decay = {
        id(parameter): group["weight_decay"]
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    for key, parameter in network.named_parameters():
        is_kernel = key in ("0.weight", "3.weight")
        assert decay.pop(id(parameter)) == (0.3 if is_kernel else 0.0), key
    assert not decay


@pytest.mark.parametrize("decay", [1.0, 0.75])
def test_parameters_that_timm_excludes_are_not_decayed(settings: Any, decay: float) -> None:
    backbone = timm.create_model("vit_tiny_patch16_224", img_size=32, num_classes=0)
    classifier = Classifier(backbone, nn.Linear(192, 2), width=192)
    chosen = settings(f"finetune.layer_decay={decay}", "optimizer.weight_decay=0.3")
    optimizer = make_optimizer(
        chosen.optimizer, parameter_groups(classifier, chosen.finetune, lr=0.1)
    )
    decays = {
        id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]
    }
    for name, parameter in classifier.named_parameters():
        excluded = name in ("backbone.pos_embed", "backbone.cls_token") or parameter.ndim == 1
        assert decays[id(parameter)] == (0.0 if excluded else 0.3), name
    assert "undecayed" not in optimizer.state_dict()["param_groups"][0]


def test_frozen_parameters_are_left_out(settings: Any, network: nn.Module) -> None:
    network[0].requires_grad_(False)
    classifier = Classifier(network[:3], network[3], width=4)
    groups = parameter_groups(classifier, settings().finetune, lr=0.1)
    optimizer = make_optimizer(settings().optimizer, groups)
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert held == {id(p) for p in network.parameters() if p.requires_grad}


@pytest.mark.parametrize(
    ("name", "kind"),
    [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)],
)
def test_adam_adamw_and_sgd_equal_those_of_torch(
    settings: Any, network: nn.Module, name: str, kind: type
) -> None:
    optimizer = optimize(settings(f"optimizer={name}", "optimizer.lr=0.125").optimizer, network)
    assert type(optimizer) is kind
    assert optimizer.param_groups[0]["lr"] == 0.125


def test_sgd_without_momentum_is_not_nesterov(settings: Any, network: nn.Module) -> None:
    optimizer = optimize(settings("optimizer=sgd", "optimizer.momentum=0").optimizer, network)
    assert not optimizer.param_groups[0]["nesterov"]


@pytest.mark.parametrize("name", ["lamb", "lion", "nadamw"])
def test_timm_optimizers_are_created_by_name(settings: Any, network: nn.Module, name: str) -> None:
    optimizer = optimize(
        settings("optimizer=timm", f"optimizer.name={name}", "optimizer.lr=0.25").optimizer, network
    )
    before = network[0].weight.detach().clone()
    network(torch.randn(2, 3, 3, 3)).sum().backward()
    optimizer.step()
    assert type(optimizer).__name__.lower() == name
    assert optimizer.param_groups[0]["lr"] == 0.25
    assert not torch.equal(network[0].weight, before)


def test_options_reach_a_timm_optimizer(settings: Any, network: nn.Module) -> None:
    chosen = settings("optimizer=timm", "+optimizer.options.betas=[0.5,0.6]").optimizer
    assert tuple(optimize(chosen, network).param_groups[0]["betas"]) == (0.5, 0.6)


def test_an_unknown_optimizer_is_refused_in_a_sentence(settings: Any, network: nn.Module) -> None:
    chosen = settings("optimizer=timm", "optimizer.name=adamant").optimizer
    with pytest.raises(UserError, match=r"^optimizer\.name=adamant is not .*adamw.*lion.*\.$"):
        optimize(chosen, network)


def test_options_that_do_not_fit_are_refused_in_a_sentence(
    settings: Any, network: nn.Module
) -> None:
    chosen = settings("optimizer=timm", "+optimizer.options.speed=3").optimizer
    with pytest.raises(
        UserError, match=r"optimizer\.name=lamb does not accept optimizer\.options.*speed"
    ):
        optimize(chosen, network)


def test_without_a_schedule_the_rate_is_constant(settings: Any) -> None:
    assert set(rates(settings("scheduler=none", "optimizer.lr=0.5"), 2, 3)) == {0.5}


def test_cosine_rises_linearly_and_falls_as_half_a_cosine(settings: Any) -> None:
    chosen = settings("scheduler=cosine", "optimizer.lr=1", "scheduler.final_factor=0.1")
    seen = rates(chosen, epochs=5, steps_per_epoch=4)
    rise = [(step + 1) / 5 for step in range(4)]
    fall = [0.1 + 0.9 * (1 + math.cos(math.pi * k / 16)) / 2 for k in range(17)]
    assert seen == pytest.approx(rise + fall)


def test_cosine_falls_as_that_of_torch(settings: Any) -> None:
    chosen = settings("scheduler.warmup_epochs=0", "optimizer.lr=1", "scheduler.final_factor=0.01")
    reference = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(reference, T_max=12, eta_min=0.01)
    expected = [1.0]
    for _ in range(12):
        reference.step()
        schedule.step()
        expected.append(schedule.get_last_lr()[0])
    assert rates(chosen, 3, 4) == pytest.approx(expected)


def test_warmup_takes_at_most_half_of_a_short_run(settings: Any) -> None:
    seen = rates(settings("scheduler.warmup_epochs=30", "optimizer.lr=1"), 2, 5)
    assert max(seen) == pytest.approx(1.0)
    assert seen.index(max(seen)) == 5


def test_one_cycle_is_that_of_torch(settings: Any) -> None:
    chosen = settings("scheduler=onecycle", "optimizer.lr=0.5").scheduler
    total, peak = 40, 12
    assert chosen.rise_share * total == peak
    reference = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        reference,
        max_lr=1.0,
        total_steps=total + 1,  # torch counts the rates, we count the steps between them
        pct_start=(peak + 1) / (total + 1),
        div_factor=1 / chosen.initial_factor,
        final_div_factor=chosen.initial_factor / chosen.final_factor,
        cycle_momentum=False,
    )
    expected = [schedule.get_last_lr()[0]]
    for _ in range(total):
        reference.step()
        schedule.step()
        expected.append(schedule.get_last_lr()[0])
    factor = learning_rate_factor(chosen, 40, 5)
    assert [factor(step) for step in range(total + 1)] == pytest.approx(expected, rel=1e-9)
    assert max(expected) == pytest.approx(1.0)


def test_step_drops_every_few_epochs(settings: Any) -> None:
    chosen = settings(
        "scheduler=step", "scheduler.every_epochs=2", "scheduler.factor=0.1", "optimizer.lr=1"
    )
    seen = rates(chosen, epochs=5, steps_per_epoch=3)[:-1]
    assert seen == pytest.approx([1.0] * 6 + [0.1] * 6 + [0.01] * 3)


@pytest.mark.parametrize("higher_is_better", [False, True])
def test_plateau_drops_when_the_metric_stagnates(settings: Any, higher_is_better: bool) -> None:
    chosen = settings(
        "scheduler=plateau", "scheduler.patience=1", "scheduler.factor=0.5", "optimizer.lr=1"
    )
    optimizer = optimize(chosen.optimizer, nn.Linear(2, 2))
    schedule = Schedule(
        chosen.scheduler,
        optimizer,
        total_steps=6,
        steps_per_epoch=1,
        higher_is_better=higher_is_better,
    )
    sign = 1 if higher_is_better else -1
    seen = []
    for monitored in (1.0, 2.0, 2.0, 2.0, 3.0, 2.0):
        schedule.after_step()
        schedule.after_epoch(sign * monitored)
        seen.append(optimizer.param_groups[0]["lr"])
    assert seen == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5]


@pytest.mark.parametrize("name", ["none", "cosine", "onecycle", "step", "plateau"])
def test_a_restored_schedule_continues(settings: Any, name: str) -> None:
    chosen = settings(f"scheduler={name}", "optimizer.lr=1")

    def start() -> tuple[torch.optim.Optimizer, Schedule]:
        optimizer = optimize(chosen.optimizer, nn.Linear(2, 2))
        return optimizer, make_schedule(chosen, optimizer)

    def go_on(optimizer: torch.optim.Optimizer, schedule: Schedule, steps: range) -> list[float]:
        seen = []
        for step in steps:
            optimizer.step()
            schedule.after_step()
            if step % 5 == 4:
                schedule.after_epoch(1.0)
            seen.append(optimizer.param_groups[0]["lr"])
        return seen

    never_stopped = go_on(*start(), range(20))
    optimizer, schedule = start()
    first = go_on(optimizer, schedule, range(7))
    fresh, its_schedule = start()
    fresh.load_state_dict(optimizer.state_dict())
    its_schedule.load_state_dict(schedule.state_dict())
    assert first + go_on(fresh, its_schedule, range(7, 20)) == never_stopped
