"""A network and everything that changes while it learns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from astroclf.data.loader import Batch
from astroclf.training.average import WeightAverage
from astroclf.training.losses import Loss
from astroclf.training.optimizers import Schedule
from astroclf.training.precision import Numerics


class Learner:
    """Takes optimizer steps; its whole state can be stored and put back."""

    def __init__(
        self,
        network: nn.Module,
        loss: Loss,
        optimizer: torch.optim.Optimizer,
        schedule: Schedule,
        numerics: Numerics,
        device: torch.device,
        *,
        grad_clip_norm: float | None = None,
        ema_decay: float | None = None,
        frozen: frozenset[str] = frozenset(),
        begin_epoch: Callable[[int], None] | None = None,
    ) -> None:
        """ema_decay: of the moving average of the weights (see `WeightAverage`); None for no average.

        frozen: names of the network's weights that never change, and need not be stored.

        begin_epoch: what must be done before an epoch (0, 1, ...), such as opening a stage.
        """
        self.network = network
        self.loss = loss
        self.optimizer = optimizer
        self.schedule = schedule
        self.numerics = numerics
        self.device = device
        self.grad_clip_norm = grad_clip_norm
        self.frozen = frozen
        self.begin_epoch = begin_epoch or (lambda epoch: None)
        self.average = None if ema_decay is None else WeightAverage(self._changing(), ema_decay)
        # fp16 gradients vanish unless the loss is scaled up; elsewhere the scaler does nothing.
        self.scaler = torch.amp.GradScaler(device.type, enabled=numerics.precision == "fp16")

    def step(self, batches: Sequence[Batch]) -> Tensor:
        """One step of the optimizer on the mean loss over all images of the batches.

        Returns that loss, a detached scalar on the device.
        """
        images = sum(len(batch.image) for batch in batches)
        total = torch.zeros((), device=self.device)
        with self.numerics.arithmetic():
            for batch in batches:
                with self.numerics.autocast(self.device):
                    logits = self.network(batch.image)
                share = self.loss(logits.float(), batch.target).sum() / images
                self.scaler.scale(share).backward()
                total += share.detach()
        if self.grad_clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.network.parameters(), self.grad_clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        self.schedule.after_step()
        if self.average is not None:
            self.average.update()
        return total

    def averaged(self) -> AbstractContextManager[None]:
        """Inside, the network has the averaged weights, or its own where none are averaged."""
        return nullcontext() if self.average is None else self.average.in_place()

    @property
    def lr(self) -> float:
        """The learning rate of the next step."""
        return float(self.optimizer.param_groups[0]["lr"])

    def weights(self) -> dict[str, Tensor]:
        """A copy of the parameters and buffers that training changes, as they are now."""
        return {name: weight.detach().clone() for name, weight in self._changing().items()}

    def load_weights(self, weights: dict[str, Tensor]) -> None:
        """Put back what `weights` gave. Raises RuntimeError for the weights of another network."""
        found = self.network.load_state_dict(weights, strict=False)
        odd = [name for name in found.missing_keys if name not in self.frozen]
        odd += found.unexpected_keys
        if odd:
            raise RuntimeError(f"{len(odd)} weights are missing or unknown, the first is {odd[0]}")

    def _changing(self) -> dict[str, Tensor]:
        state = self.network.state_dict()
        return {name: weight for name, weight in state.items() if name not in self.frozen}

    def state_dict(self) -> dict[str, Any]:
        return {
            "network": self._changing(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.load_weights(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.scaler.load_state_dict(state["scaler"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
