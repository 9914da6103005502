"""Optimizers and learning-rate schedules."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from astroclf.settings.sections.section import (
    Count,
    Fraction,
    LearningRate,
    NonNegative,
    Patience,
    Section,
)


class Optimizer(Section):
    name: str
    lr: LearningRate
    weight_decay: NonNegative


class Sgd(Optimizer):
    name: Literal["sgd"]
    momentum: Fraction
    nesterov: bool


class Adam(Optimizer):
    name: Literal["adam", "adamw"]
    betas: tuple[Fraction, Fraction]


class TimmOptimizer(Optimizer):
    options: dict[str, Any]  # further arguments of that optimizer


class Constant(Section):
    name: Literal["none"]


class Cosine(Section):
    name: Literal["cosine"]
    warmup_epochs: NonNegative
    final_factor: Annotated[float, Field(ge=0, le=1)]


class OneCycle(Section):
    name: Literal["onecycle"]
    rise_share: Annotated[float, Field(gt=0, lt=1)]
    initial_factor: Annotated[float, Field(gt=0, le=1)]
    final_factor: Annotated[float, Field(ge=0, le=1)]


class Step(Section):
    name: Literal["step"]
    every_epochs: Count
    factor: Annotated[float, Field(gt=0, lt=1)]


class Plateau(Section):
    name: Literal["plateau"]
    patience: Patience
    factor: Annotated[float, Field(gt=0, lt=1)]
