"""Random augmentation of training images."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from astroclf.settings.sections.section import CustomSection, Fraction, Section


class ExactViews(Section):
    """Flips and quarter turns, which resample nothing."""

    name: Literal["none", "flips", "dihedral"]


class Sky(Section):
    """Changes that another observation of the same sky could show."""

    name: Literal["sky"]
    rotation: bool
    shift_px: Annotated[float, Field(ge=0, le=100)]
    brightness: Fraction
    noise: Literal["auto"] | Annotated[float, Field(ge=0, le=100)]


class CustomAugment(CustomSection):
    positional = 2  # images and random generator

    name: Literal["custom"]


Augment = Annotated[ExactViews | Sky | CustomAugment, Field(discriminator="name")]
