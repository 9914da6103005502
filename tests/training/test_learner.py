from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from astroclf.data.batches import Batch
from astroclf.training.learner import Learner, UpdateRule
from astroclf.training.losses import cross_entropy
from astroclf.training.monitor import Monitor
from astroclf.training.optimizers import Schedule, make_optimizer
from astroclf.training.plan import Plan
from astroclf.training.precision import Precision


def draw_batch(size: int, seed: int = 0) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(size, 2, 4, 4, generator=generator)
    labels = torch.randint(2, (size,), generator=generator)
    return Batch(images, labels, torch.arange(size))


@pytest.fixture
def make_learner(settings: Any) -> Callable[..., Learner]:
    """make_learner(*overrides, network=..., grad_clip_norm=...): the same start every time."""

    def make(
        *overrides: str, grad_clip_norm: float | None = None, network: nn.Module | None = None
    ) -> Learner:
        torch.manual_seed(0)
        network = network or nn.Sequential(nn.Flatten(), nn.Linear(32, 2))
        chosen = settings(*overrides)
        lr = chosen.optimizer.lr
        group = {"name": "network", "params": list(network.parameters()), "lr": lr}
        optimizer = make_optimizer(chosen.optimizer, [group])
        schedule = Schedule(
            chosen.scheduler, optimizer, total_steps=10, steps_per_epoch=5, higher_is_better=False
        )
        precision = Precision("fp32", channels_last=False)
        plan = Plan(epochs=2, monitor=Monitor("loss", higher_is_better=False))
        rule = UpdateRule(optimizer, schedule, grad_clip_norm)
        return Learner(network, cross_entropy, rule, precision, plan)

    return make


PLAIN = (
    "optimizer=sgd",
    "optimizer.lr=0.5",
    "optimizer.momentum=0",
    "optimizer.weight_decay=0",
    "scheduler=none",
)


def test_a_step_follows_the_gradient_of_the_mean_loss(
    make_learner: Callable[..., Learner],
) -> None:
    learner, batch = make_learner(*PLAIN), draw_batch(8)
    twin = copy.deepcopy(learner.network)
    loss = cross_entropy(twin(batch.image), batch.target).mean()
    loss.backward()
    returned = learner.step([batch])
    assert float(returned) == pytest.approx(loss.item())
    assert not returned.requires_grad
    for mine, its in zip(learner.network.parameters(), twin.parameters(), strict=True):
        assert its.grad is not None
        torch.testing.assert_close(mine.detach(), its.detach() - 0.5 * its.grad)


def test_accumulated_batches_equal_one_large_batch(make_learner: Callable[..., Learner]) -> None:
    large = draw_batch(8)
    parts = [
        Batch(large.image[:5], large.target[:5], large.index[:5]),
        Batch(large.image[5:], large.target[5:], large.index[5:]),
    ]
    one, two = make_learner(*PLAIN), make_learner(*PLAIN)
    assert float(one.step([large])) == pytest.approx(float(two.step(parts)))
    for a, b in zip(one.network.parameters(), two.network.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_a_batch_of_one_image_lowers_the_loss(make_learner: Callable[..., Learner]) -> None:
    learner = make_learner(*PLAIN)
    first = float(learner.step([draw_batch(1)]))
    assert float(learner.step([draw_batch(1)])) < first


def test_a_clipped_step_has_the_norm_of_the_limit(make_learner: Callable[..., Learner]) -> None:
    def length(learner: Learner) -> float:
        before = learner.weights()
        learner.step([draw_batch(8)])
        moved = [(value - before[name]).flatten() for name, value in learner.weights().items()]
        return float(torch.cat(moved).norm())

    free, clipped = length(make_learner(*PLAIN)), length(make_learner(*PLAIN, grad_clip_norm=0.01))
    assert free > 0.5 * 0.01
    assert clipped == pytest.approx(0.5 * 0.01, rel=1e-4)


def test_weights_are_a_copy_with_buffers(make_learner: Callable[..., Learner]) -> None:
    network = nn.Sequential(nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(32, 2))
    learner = make_learner(*PLAIN, network=network)
    kept = learner.weights()
    before = {name: value.clone() for name, value in kept.items()}
    learner.step([draw_batch(8)])
    assert "0.running_mean" in kept
    assert all(torch.equal(kept[name], before[name]) for name in kept)
    assert not torch.equal(learner.weights()["0.running_mean"], kept["0.running_mean"])


@pytest.mark.parametrize(
    "overrides",
    [("optimizer=adamw",), ("optimizer=sgd", "scheduler=onecycle"), ("optimizer=timm",)],
    ids=lambda overrides: overrides[0],
)
def test_a_restored_state_continues_bit_for_bit(
    make_learner: Callable[..., Learner], overrides: tuple[str, ...]
) -> None:
    learner, other = make_learner(*overrides), make_learner(*overrides)
    for step in range(3):
        learner.step([draw_batch(8, step)])
    other.load_state_dict(copy.deepcopy(learner.state_dict()))
    for step in range(3, 8):
        assert float(learner.step([draw_batch(8, step)])) == float(
            other.step([draw_batch(8, step)])
        )
        assert learner.lr == other.lr
    for name, value in learner.weights().items():
        assert torch.equal(value, other.weights()[name]), name


@pytest.mark.parametrize("precision", ["fp32", "tf32"])
def test_forward_and_backward_pass_run_in_the_precision_of_float32(
    make_learner: Callable[..., Learner], precision: str
) -> None:
    learner, seen = make_learner(*PLAIN), []
    learner.precision = Precision(precision, channels_last=False)
    weight = next(learner.network.parameters())
    weight.register_hook(lambda _: seen.append(torch.backends.cudnn.allow_tf32))
    learner.network.register_forward_hook(
        lambda *_: seen.append(torch.backends.cudnn.allow_tf32)  # type: ignore[func-returns-value]
    )
    learner.step([draw_batch(8)])
    assert seen == [precision == "tf32"] * 2
