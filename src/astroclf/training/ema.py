"""Exponential moving average (EMA) of the weights of a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor


class WeightEma:
    """Exponential moving average of weights over the steps of a training (Polyak & Juditsky 1992).

    After step t each weight a of the average becomes d a + (1 - d) w, with the warm-up of TensorFlow:
    d = min(decay, (1 + t) / (10 + t)). Integers, such as a count of batches, are copied.
    """

    def __init__(self, weights: Mapping[str, Tensor], decay: float) -> None:
        """weights: parameters and buffers, which training changes in place. decay: in (0, 1)."""
        self.decay = decay
        self.steps = 0
        self._weights = {name: weight.detach() for name, weight in weights.items()}
        self._average = _copy(self._weights)
        floats = [name for name, weight in self._weights.items() if weight.is_floating_point()]
        self._current_floats = [self._weights[name] for name in floats]
        self._average_floats = [self._average[name] for name in floats]
        self._integers = [name for name in self._weights if name not in floats]

    @torch.no_grad()
    def update(self) -> None:
        """Add the weights of one more step."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self._average_floats, self._current_floats, 1 - decay)
        for name in self._integers:
            self._average[name].copy_(self._weights[name])

    @contextmanager
    def swapped_in(self) -> Iterator[None]:
        """Swap the average into the network; its own weights are restored at the end."""
        own = _copy(self._weights)
        _assign(self._average, self._weights)
        try:
            yield
        finally:
            _assign(own, self._weights)

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps, "weights": self._average}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.steps = state["steps"]
        _assign(state["weights"], self._average)


def _copy(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: weight.clone() for name, weight in weights.items()}


@torch.no_grad()
def _assign(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> None:
    for name, weight in target.items():
        weight.copy_(source[name])
