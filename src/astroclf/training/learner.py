"""Learner: a network and everything that changes while it trains."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from astroclf.data.batches import Batch
from astroclf.training.ema import WeightEma
from astroclf.training.losses import Loss
from astroclf.training.optimizers import Schedule
from astroclf.training.plan import Plan
from astroclf.training.precision import Precision
from astroclf.training.progress import Progress


@dataclass(frozen=True)
class UpdateRule:
    """Update of the weights in a step.

    grad_clip_norm: largest norm of the gradient. ema_decay: of the exponential moving average of the
    weights (see `WeightEma`). None switches either off.
    """

    optimizer: torch.optim.Optimizer
    schedule: Schedule
    grad_clip_norm: float | None = None
    ema_decay: float | None = None


class Learner:
    """Network under training: takes optimizer steps, and its state can be stored and restored.

    progress: epochs and steps done. best: the weights of the best epoch, or the initial ones.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: Loss,
        rule: UpdateRule,
        precision: Precision,
        plan: Plan,
        *,
        frozen: frozenset[str] = frozenset(),
    ) -> None:
        """network: on its device. frozen: names of the weights that never change, which are not stored."""
        self.network = network
        self.loss = loss
        self.rule = rule
        self.optimizer = rule.optimizer
        self.schedule = rule.schedule
        self.precision = precision
        self.plan = plan
        self.frozen = frozen
        self.device = next(network.parameters()).device
        self.ema = None if rule.ema_decay is None else WeightEma(self._changing(), rule.ema_decay)
        # fp16 gradients vanish unless the loss is scaled up; elsewhere the scaler does nothing.
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=precision.name == "fp16")
        self.progress = Progress()
        self.best = self.weights()

    def step(self, batches: Sequence[Batch]) -> Tensor:
        """Take an optimizer step on the mean loss, weighted if there are weights, over all images of the batches.

        Returns that loss, a detached scalar on the device.
        """
        images = sum(len(batch.image) for batch in batches)
        total = torch.zeros((), device=self.device)
        with self.precision.arithmetic():
            for batch in batches:
                with self.precision.autocast(self.device):
                    logits = self.network(*batch.inputs)
                losses = self.loss(logits.float(), batch.target)
                if batch.weight is not None:
                    losses = losses * batch.weight
                share = losses.sum() / images
                self.scaler.scale(share).backward()
                total += share.detach()
        if self.rule.grad_clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.network.parameters(), self.rule.grad_clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        self.schedule.after_step()
        if self.ema is not None:
            self.ema.update()
        return total

    def averaged(self) -> AbstractContextManager[None]:
        """Swap the EMA of the weights into the network, if there is one."""
        return nullcontext() if self.ema is None else self.ema.swapped_in()

    @property
    def lr(self) -> float:
        """Learning rate of the next step."""
        return float(self.optimizer.param_groups[0]["lr"])

    def weights(self) -> dict[str, Tensor]:
        """Return a copy of the parameters and buffers that training changes."""
        return {name: weight.detach().clone() for name, weight in self._changing().items()}

    def load_weights(self, weights: dict[str, Tensor]) -> None:
        """Load what `weights` returned. Raises RuntimeError for the weights of another network."""
        found = self.network.load_state_dict(weights, strict=False)
        unfit = [name for name in found.missing_keys if name not in self.frozen]
        unfit += found.unexpected_keys
        if unfit:
            raise RuntimeError(
                f"{len(unfit)} weights are missing or unknown, the first is {unfit[0]}"
            )

    def _changing(self) -> dict[str, Tensor]:
        state = self.network.state_dict()
        return {name: weight for name, weight in state.items() if name not in self.frozen}

    def state_dict(self) -> dict[str, Any]:
        """Return the state of everything that a step changes; that of `progress` is apart."""
        return {
            "network": self._changing(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
            "ema": None if self.ema is None else self.ema.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.load_weights(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.scaler.load_state_dict(state["scaler"])
        if self.ema is not None:
            self.ema.load_state_dict(state["ema"])
