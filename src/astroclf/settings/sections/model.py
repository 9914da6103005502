"""Networks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from astroclf.settings.sections.section import (
    Count,
    CustomSection,
    Fraction,
    Section,
    Text,
    UserPath,
)


def _named(name: str) -> AfterValidator:
    """Refuse any other name: it would name a network of timm, and train this one."""

    def check(text: str) -> str:
        if text != name:
            wanted = f"{name}; a network of timm is chosen by model=timm model.name={text}"
            raise PydanticCustomError("name", "Input should be {wanted}", {"wanted": wanted})
        return text

    return AfterValidator(check)


class ModelSection(Section):
    """Settings of every model; `name` is the network, `family` its builder."""

    name: str
    hidden_units: tuple[Count, ...]
    dropout: Fraction
    weights: UserPath | None
    features_columns: tuple[Text, ...] = ()  # bundles of former versions have none


class Cnn(ModelSection):
    family: Literal["cnn"]
    name: Annotated[str, _named("cnn")]
    pretrained: Literal[False]
    widths: Annotated[tuple[Count, ...], Field(min_length=1)]
    pool: Literal["flatten", "average"]


class GalaxyCnn(ModelSection):
    family: Literal["galaxy_cnn"]
    name: Annotated[str, _named("galaxy_cnn")]
    pretrained: Literal[False]
    widths: Annotated[tuple[Count, ...], Field(min_length=4, max_length=4)]


class Timm(ModelSection):
    family: Literal["timm"]
    pretrained: Literal["auto"] | bool
    features: Literal["last", "stages"]
    drop_path: Fraction


class CustomModel(ModelSection, CustomSection):
    optional = ("channels", "image_px")

    family: Literal["custom"]
    pretrained: Literal[False]


Model = Annotated[Cnn | GalaxyCnn | Timm | CustomModel, Field(discriminator="family")]
