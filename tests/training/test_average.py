from __future__ import annotations

import pytest
import torch
from torch import Tensor

from astroclf.training.average import WeightAverage


def moving(steps: int) -> tuple[dict[str, Tensor], list[Tensor]]:
    """Weights, and the values that they take in turn."""
    generator = torch.Generator().manual_seed(0)
    values = [torch.randn(3, 2, generator=generator) for _ in range(steps + 1)]
    return {"weight": values[0].clone(), "batches": torch.tensor(0)}, values


@pytest.mark.parametrize("decay", [0.2, 0.9])
def test_it_is_the_recurrence_with_a_warm_up(decay: float) -> None:
    weights, values = moving(30)
    average = WeightAverage(weights, decay)
    expected = values[0].clone()
    for t, value in enumerate(values[1:], start=1):
        weights["weight"].copy_(value)
        average.update()
        d = min(decay, (1 + t) / (10 + t))
        expected = d * expected + (1 - d) * value
    with average.in_place():
        torch.testing.assert_close(weights["weight"], expected)
    assert torch.equal(weights["weight"], values[-1]), "it has its own weights again"


def test_whole_numbers_are_taken_as_they_are() -> None:
    weights, _ = moving(1)
    average = WeightAverage(weights, 0.9)
    weights["batches"] += 7
    average.update()
    weights["batches"] += 1
    with average.in_place():
        assert weights["batches"] == 7
    assert weights["batches"] == 8


def test_an_error_inside_gives_the_weights_back() -> None:
    weights, values = moving(1)
    average = WeightAverage(weights, 0.9)
    weights["weight"].copy_(values[1])
    average.update()
    with pytest.raises(KeyError), average.in_place():
        raise KeyError
    assert torch.equal(weights["weight"], values[1])


def test_a_stored_average_goes_on() -> None:
    weights, values = moving(20)
    average = WeightAverage(weights, 0.9)
    for value in values[1:10]:
        weights["weight"].copy_(value)
        average.update()
    other = WeightAverage(weights, 0.9)
    state = average.state_dict()
    other.load_state_dict({**state, "average": {k: v.clone() for k, v in state["average"].items()}})
    for value in values[10:]:
        weights["weight"].copy_(value)
        average.update()
        other.update()
    assert torch.equal(
        average.state_dict()["average"]["weight"], other.state_dict()["average"]["weight"]
    )
