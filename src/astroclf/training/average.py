"""The running mean of a network's weights, which is often a better network than the last one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor


class WeightAverage:
    """The exponential moving average of weights over the steps of a training.

    After step t each weight a of the average becomes d a + (1 - d) w, with
    d = min(decay, (1 + t) / (10 + t)), so that the first steps are soon forgotten (Polyak & Juditsky
    1992; the warm-up is that of TensorFlow). Whole numbers, such as a count of batches, are
    taken as they are.
    """

    def __init__(self, weights: Mapping[str, Tensor], decay: float) -> None:
        """weights: parameters and buffers that are changed in place. decay: in (0, 1)."""
        self.decay = decay
        self.steps = 0
        self._weights = {name: weight.detach() for name, weight in weights.items()}
        self._average = _copies(self._weights)
        floats = [name for name, weight in self._weights.items() if weight.is_floating_point()]
        self._own_floats = [self._weights[name] for name in floats]
        self._mean_floats = [self._average[name] for name in floats]
        self._counts = [name for name in self._weights if name not in floats]

    @torch.no_grad()
    def update(self) -> None:
        """Take the weights of one more step in."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self._mean_floats, self._own_floats, 1 - decay)
        for name in self._counts:
            self._average[name].copy_(self._weights[name])

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Inside, the network's weights are the average; afterwards they are its own again."""
        own = _copies(self._weights)
        _put(self._average, self._weights)
        try:
            yield
        finally:
            _put(own, self._weights)

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps, "average": self._average}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.steps = state["steps"]
        _put(state["average"], self._average)


def _copies(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: weight.clone() for name, weight in weights.items()}


@torch.no_grad()
def _put(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> None:
    for name, weight in target.items():
        weight.copy_(source[name])
