"""Fine-tuning strategies."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from astroclf.settings.sections.section import (
    Count,
    CustomSection,
    Fraction,
    LearningRate,
    Positive,
    Section,
)


class FinetuneSection(Section):
    """Settings of every fine-tuning strategy; `name` is the strategy."""

    freezes_backbone: ClassVar[bool] = True  # parameters of it, or all of it

    name: str

    @property
    def is_cacheable(self) -> bool:
        """True if the features of the backbone never change, so that they can be computed once."""
        return False


class Full(FinetuneSection):
    freezes_backbone = False

    name: Literal["full"]
    head_lr: LearningRate | None
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    unfreeze_epochs: Count | None


class HeadOnly(FinetuneSection):
    name: Literal["classifier"]
    cache_features: bool

    @property
    def is_cacheable(self) -> bool:
        return self.cache_features


class Lora(FinetuneSection):
    name: Literal["lora"]
    rank: Count
    alpha: Positive
    dropout: Fraction
    layers: Annotated[tuple[str, ...], Field(min_length=1)] | None
    train_norms: bool
    train_biases: bool
    head_lr: LearningRate | None


class CustomStrategy(FinetuneSection, CustomSection):
    positional = 1  # the backbone

    name: Literal["custom"]
    head_lr: LearningRate | None


Finetune = Annotated[Full | HeadOnly | Lora | CustomStrategy, Field(discriminator="name")]
