from __future__ import annotations

import pytest
import torch
from torch import Tensor

from astroclf.training.ema import WeightEma


def moving(steps: int) -> tuple[dict[str, Tensor], list[Tensor]]:
    """Weights, and the values that they take in turn."""
    generator = torch.Generator().manual_seed(0)
    values = [torch.randn(3, 2, generator=generator) for _ in range(steps + 1)]
    return {"weight": values[0].clone(), "batches": torch.tensor(0)}, values


@pytest.mark.parametrize("decay", [0.2, 0.9])
def test_ema_follows_the_recurrence_with_a_warm_up(decay: float) -> None:
    weights, values = moving(30)
    ema = WeightEma(weights, decay)
    expected = values[0].clone()
    for t, value in enumerate(values[1:], start=1):
        weights["weight"].copy_(value)
        ema.update()
        d = min(decay, (1 + t) / (10 + t))
        expected = d * expected + (1 - d) * value
    with ema.swapped_in():
        torch.testing.assert_close(weights["weight"], expected)
    assert torch.equal(weights["weight"], values[-1]), "the own weights are restored"


def test_integers_are_copied() -> None:
    weights, _ = moving(1)
    ema = WeightEma(weights, 0.9)
    weights["batches"] += 7
    ema.update()
    weights["batches"] += 1
    with ema.swapped_in():
        assert weights["batches"] == 7
    assert weights["batches"] == 8


def test_own_weights_are_restored_after_an_error() -> None:
    weights, values = moving(1)
    ema = WeightEma(weights, 0.9)
    weights["weight"].copy_(values[1])
    ema.update()
    with pytest.raises(KeyError), ema.swapped_in():
        raise KeyError
    assert torch.equal(weights["weight"], values[1])


def test_a_restored_ema_continues_bit_for_bit() -> None:
    weights, values = moving(20)
    ema = WeightEma(weights, 0.9)
    for value in values[1:10]:
        weights["weight"].copy_(value)
        ema.update()
    other = WeightEma(weights, 0.9)
    state = ema.state_dict()
    other.load_state_dict({**state, "weights": {k: v.clone() for k, v in state["weights"].items()}})
    for value in values[10:]:
        weights["weight"].copy_(value)
        ema.update()
        other.update()
    assert torch.equal(
        ema.state_dict()["weights"]["weight"], other.state_dict()["weights"]["weight"]
    )
