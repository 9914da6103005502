"""Stretches of linear flux before the network."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from astroclf.settings.sections.section import Section

FluxValue = Annotated[float, Field(ge=1e-30, le=1e30)]
PerBand = FluxValue | Annotated[tuple[FluxValue, ...], Field(min_length=1)]


class FluxSection(Section):
    """Settings of every stretch of flux; `name` is the stretch."""

    name: str


class ScaledFlux(FluxSection):
    """Stretches of flux in units of a scale, which is the sky noise or given."""

    name: Literal["log", "sqrt", "none"]
    scale: Literal["auto"] | PerBand


class AsinhFlux(FluxSection):
    name: Literal["asinh"]
    softening: PerBand
    scale: Literal["auto"] | PerBand


class Luptitudes(FluxSection):
    name: Literal["luptitudes"]
    nanomaggies: FluxValue
    b: dict[str, FluxValue]


class ZscaleFlux(FluxSection):
    name: Literal["zscale"]
    contrast: Annotated[float, Field(gt=0, le=1)]


Flux = Annotated[ScaledFlux | AsinhFlux | Luptitudes | ZscaleFlux, Field(discriminator="name")]
