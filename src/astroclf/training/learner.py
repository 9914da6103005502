"""A network and everything that changes while it learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from astroclf.data.batches import Batch
from astroclf.training.losses import Loss
from astroclf.training.numerics import Numerics
from astroclf.training.optimizers import Schedule


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
        clip_norm: float | None,
    ) -> None:
        self.network = network
        self.loss = loss
        self.optimizer = optimizer
        self.schedule = schedule
        self.numerics = numerics
        self.device = device
        self.clip_norm = clip_norm
        # fp16 gradients vanish unless the loss is scaled up; elsewhere the scaler does nothing.
        self.scaler = torch.amp.GradScaler(device.type, enabled=numerics.precision == "fp16")

    def step(self, batches: Sequence[Batch]) -> Tensor:
        """One step of the optimizer on the mean loss over all images of the batches.

        Returns that loss, a detached scalar on the device.
        """
        images = sum(len(batch.image) for batch in batches)
        total = torch.zeros((), device=self.device)
        for batch in batches:
            with self.numerics.autocast(self.device):
                logits = self.network(batch.image)
            share = self.loss(logits.float(), batch.target).sum() / images
            self.scaler.scale(share).backward()
            total += share.detach()
        if self.clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.network.parameters(), self.clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        self.schedule.after_step()
        return total

    @property
    def lr(self) -> float:
        """The learning rate of the next step."""
        return float(self.optimizer.param_groups[0]["lr"])

    def weights(self) -> dict[str, Tensor]:
        """A copy of the network's parameters and buffers as they are now."""
        return {name: value.detach().clone() for name, value in self.network.state_dict().items()}

    def state_dict(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.scaler.load_state_dict(state["scaler"])
