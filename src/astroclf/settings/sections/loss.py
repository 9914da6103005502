"""Losses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from astroclf.settings.sections.section import Fraction, Section

Weight = Annotated[float, Field(ge=1e-6, le=1e6)]  # their ratios stay within float32
Weights = Annotated[tuple[Weight, ...], Field(min_length=1)]
ClassWeights = Literal["none", "balanced"] | Weights


class Ce(Section):
    name: Literal["ce"]
    label_smoothing: Fraction
    class_weights: ClassWeights


class Bce(Section):
    name: Literal["bce"]
    label_smoothing: Fraction
    class_weights: ClassWeights


class Focal(Section):
    name: Literal["focal"]
    form: Literal["sigmoid", "softmax"]
    gamma: Annotated[float, Field(ge=0, le=100)]
    alpha: Annotated[float, Field(gt=0, lt=1)] | Weights | None
    class_weights: ClassWeights


class Mse(Section):
    name: Literal["mse"]
    class_weights: ClassWeights


Loss = Annotated[Ce | Bce | Focal | Mse, Field(discriminator="name")]
