"""Fine-tuning strategies."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from astroclf.settings.sections.section import Count, Fraction, LearningRate, Positive, Section


class Full(Section):
    name: Literal["full"]
    head_lr: LearningRate | None
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    unfreeze_epochs: Count | None


class HeadOnly(Section):
    name: Literal["classifier"]
    cache_features: bool


class Lora(Section):
    name: Literal["lora"]
    rank: Count
    alpha: Positive
    dropout: Fraction
    layers: Annotated[tuple[str, ...], Field(min_length=1)] | None
    train_norms: bool
    train_biases: bool
    head_lr: LearningRate | None


Finetune = Annotated[Full | HeadOnly | Lora, Field(discriminator="name")]
