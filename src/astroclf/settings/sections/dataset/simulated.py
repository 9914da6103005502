"""Simulated images."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from astroclf.settings.metrics import TargetKind
from astroclf.settings.sections.dataset.source import DatasetSection
from astroclf.settings.sections.section import Seed, Seeing, SignalToNoise


def _ascending(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise PydanticCustomError("order", "Input should be [smallest, largest]")
    return bounds


class Simulated(DatasetSection):
    name: Literal["simulated"]
    target: Literal["star_galaxy", "morphology", "votes", "galaxy_zoo_2"]
    n_images: Annotated[int, Field(ge=1, le=100_000_000, strict=True)]
    seed: Seed
    rgb: bool
    image_px: Annotated[int, Field(ge=1, le=4096, strict=True)]
    pixel_scale_arcsec: Annotated[float, Field(ge=0.01, le=2)]
    # full width at half maximum
    seeing_arcsec: Annotated[tuple[Seeing, Seeing], AfterValidator(_ascending)]
    signal_to_noise: Annotated[tuple[SignalToNoise, SignalToNoise], AfterValidator(_ascending)]

    @property
    def has_tree(self) -> bool | None:
        return self.target == "galaxy_zoo_2"

    @property
    def target_kind(self) -> TargetKind:
        return "votes" if self.target in ("votes", "galaxy_zoo_2") else "classes"
