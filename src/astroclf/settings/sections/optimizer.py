"""Optimizers and learning-rate schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import Discriminator, Field, Tag

from astroclf.settings.sections.section import (
    Count,
    Fraction,
    LearningRate,
    NonNegative,
    Patience,
    Section,
)


class OptimizerSection(Section):
    name: str
    lr: LearningRate
    weight_decay: NonNegative


class Sgd(OptimizerSection):
    name: Literal["sgd"]
    momentum: Fraction
    nesterov: bool


class Adam(OptimizerSection):
    name: Literal["adam", "adamw"]
    betas: tuple[Fraction, Fraction]


class TimmOptimizer(OptimizerSection):
    options: dict[str, Any]  # further arguments of that optimizer


def _tag(values: Any) -> str | None:
    """Return the class that reads an optimizer, by its name: timm is left every other name."""
    name = values.get("name") if isinstance(values, Mapping) else getattr(values, "name", None)
    if not isinstance(name, str):
        return None
    named = (each for each in (Sgd, Adam) if name in get_args(each.model_fields["name"].annotation))
    return next(named, TimmOptimizer).__name__


Optimizer = Annotated[
    Annotated[Sgd, Tag("Sgd")]
    | Annotated[Adam, Tag("Adam")]
    | Annotated[TimmOptimizer, Tag("TimmOptimizer")],
    Field(discriminator=Discriminator(_tag)),
]


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


Scheduler = Annotated[Constant | Cosine | OneCycle | Step | Plateau, Field(discriminator="name")]
