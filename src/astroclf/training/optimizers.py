"""Optimizers and learning-rate schedules."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from astroclf.errors import UserError
from astroclf.settings import sections

Group = dict[str, Any]


def make_optimizer(settings: sections.Optimizer, groups: Sequence[Group]) -> torch.optim.Optimizer:
    """Return an optimizer over groups of parameters; biases and norms are not decayed.

    groups: dicts of `name`, `params` and `lr`, each of one learning rate, and optionally `undecayed`,
    further parameters that are not decayed.
    Raises UserError for a name that neither PyTorch's three nor timm's optimizers have.
    """
    groups = [part for group in groups for part in _by_decay(group, settings.weight_decay)]
    # One kernel for all parameters, if the device has it.
    fused = groups[0]["params"][0].device.type in ("cuda", "cpu")
    if isinstance(settings, sections.Sgd):
        return torch.optim.SGD(
            groups,
            lr=settings.lr,
            momentum=settings.momentum,
            # Nesterov's gradient needs momentum.
            nesterov=settings.nesterov and settings.momentum > 0,
            fused=fused,
        )
    if isinstance(settings, sections.Adam):
        rule = torch.optim.AdamW if settings.name == "adamw" else torch.optim.Adam
        return rule(groups, lr=settings.lr, betas=settings.betas, fused=fused)
    return _timm_optimizer(settings, groups)


def _by_decay(group: Group, weight_decay: float) -> list[Group]:
    excluded = {id(parameter) for parameter in group.get("undecayed", ())}
    decayed = [p for p in group["params"] if p.ndim > 1 and id(p) not in excluded]
    others = [p for p in group["params"] if p.ndim <= 1 or id(p) in excluded]
    kept = {key: value for key, value in group.items() if key != "undecayed"}
    parts = [
        {**kept, "params": decayed, "weight_decay": weight_decay},
        {**kept, "params": others, "weight_decay": 0.0},
    ]
    return [part for part in parts if part["params"]]


def _timm_optimizer(settings: sections.TimmOptimizer, groups: list[Group]) -> torch.optim.Optimizer:
    from timm.optim import create_optimizer_v2, list_optimizers

    # AdaHessian needs second derivatives, which a step does not compute.
    names = [str(name) for name in list_optimizers() if name != "adahessian"]
    if settings.name not in names:
        raise UserError(
            f"optimizer.name={settings.name} is not adam, adamw, sgd or an optimizer of timm. "
            f"Choose one of {', '.join(names)}."
        )
    try:
        optimizer: torch.optim.Optimizer = create_optimizer_v2(
            groups,
            opt=settings.name,
            lr=settings.lr,
            weight_decay=settings.weight_decay,
            **settings.options,
        )
    except (TypeError, ValueError, AssertionError) as error:
        raise UserError(
            f"optimizer.name={settings.name} does not accept optimizer.options: {error}"
        ) from error
    return optimizer


class Schedule:
    """Learning-rate schedule: changes the rate after each step, or after each epoch for `plateau`.

    All but `plateau` are functions of the step and of the planned steps alone, so a resumed run may
    have other epochs or another trainer.max_steps.
    """

    def __init__(
        self,
        settings: sections.Scheduler,
        optimizer: torch.optim.Optimizer,
        *,
        total_steps: int,
        steps_per_epoch: int,
        higher_is_better: bool,
    ) -> None:
        """total_steps: number of steps of the run, limited by its epochs or by trainer.max_steps."""
        self.plateau: ReduceLROnPlateau | None = None
        self.by_step: LambdaLR | None = None
        if isinstance(settings, sections.Plateau):
            self.plateau = ReduceLROnPlateau(
                optimizer,
                mode="max" if higher_is_better else "min",
                factor=settings.factor,
                patience=settings.patience,
                # Any gain counts; torch's relative threshold fails on a metric below zero.
                threshold=0.0,
            )
        else:
            self.by_step = LambdaLR(
                optimizer, learning_rate_factor(settings, total_steps, steps_per_epoch)
            )

    def after_step(self) -> None:
        if self.by_step is not None:
            self.by_step.step()

    def after_epoch(self, monitored: float) -> None:
        """monitored: the validation metric that decides whether a plateau is reached."""
        if self.plateau is not None:
            self.plateau.step(monitored)

    def state_dict(self) -> dict[str, object]:
        if self.plateau is not None:
            return dict(self.plateau.state_dict())
        assert self.by_step is not None
        return {"last_epoch": self.by_step.last_epoch}

    def load_state_dict(self, state: dict[str, object]) -> None:
        if self.plateau is not None:
            self.plateau.load_state_dict(state)
        else:
            assert self.by_step is not None
            # The optimizer restores the rate; the scheduler only counts.
            self.by_step.last_epoch = int(state["last_epoch"])  # type: ignore[call-overload]


def learning_rate_factor(
    settings: sections.Scheduler, total_steps: int, steps_per_epoch: int
) -> Callable[[int], float]:
    """Return step -> share of optimizer.lr, for steps 0 ... total_steps."""
    total = max(1, total_steps)
    if isinstance(settings, sections.Cosine):
        # Warm-up takes at most half of a short run.
        rise = min(round(settings.warmup_epochs * steps_per_epoch), total // 2)
        return lambda step: _cosine(step, rise, total, settings.final_factor)
    if isinstance(settings, sections.OneCycle):
        return lambda step: _one_cycle(step, total, settings)
    if isinstance(settings, sections.Step):
        drop = settings.every_epochs * steps_per_epoch
        return lambda step: settings.factor ** (step // drop)
    return lambda step: 1.0


def _cosine(step: int, rise: int, total: int, final_factor: float) -> float:
    if step < rise:
        return (step + 1) / (rise + 1)
    return _ease(1.0, final_factor, (step - rise) / max(1, total - rise))


def _one_cycle(step: int, total: int, settings: sections.OneCycle) -> float:
    """Two half cosines (Smith & Topin 2018, arXiv:1708.07120, as in fastai and PyTorch)."""
    rise = settings.rise_share * total
    if step < rise:
        return _ease(settings.initial_factor, 1.0, step / rise)
    return _ease(1.0, settings.final_factor, (step - rise) / max(1.0, total - rise))


def _ease(start: float, end: float, share: float) -> float:
    """Half a cosine from start (share 0) to end (share 1)."""
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, share))) / 2
