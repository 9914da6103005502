"""Stamps cut from the imaging frames of SDSS around the objects of its catalogs."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from astroclf.settings.sections.dataset.cutouts import Mosaics
from astroclf.settings.sections.section import UserPath, refusal

FieldNumber = Annotated[int, Field(ge=0, le=9999, strict=True)]
Magnitude = Annotated[float, Field(ge=0, le=40)]


def _distinct(fields: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(fields)) < len(fields):
        raise PydanticCustomError("fields", "Input should name each field once")
    return fields


Fields = Annotated[
    tuple[FieldNumber, ...],
    BeforeValidator(lambda value: [value] if isinstance(value, int) else value),
    AfterValidator(_distinct),
]


class SdssFrames(Mosaics):
    name: Literal["sdss_frames"]
    root: UserPath | None
    rerun: Annotated[int, Field(ge=0, le=9999, strict=True)]
    run: Annotated[int, Field(ge=0, le=999_999, strict=True)]
    camcol: Annotated[int, Field(ge=1, le=6, strict=True)]
    fields: Annotated[Fields, Field(min_length=1)]
    val_fields: Fields
    test_fields: Fields
    clean: bool
    brightest_r: Magnitude | None
    faintest_r: Magnitude | None

    @property
    def source(self) -> str:
        return str(self.root)

    @model_validator(mode="after")
    def _has_a_root(self) -> Self:
        if self.root is None:
            raise refusal(
                "dataset.root is not set. Give the folder of the SDSS files, which task=prepare downloads, as "
                "dataset.root=<folder>."
            )
        return self

    @model_validator(mode="after")
    def _has_fields_to_train_on(self) -> Self:
        for name, fields in (("val", self.val_fields), ("test", self.test_fields)):
            unknown = sorted(set(fields) - set(self.fields))
            if unknown:
                raise refusal(
                    f"dataset.{name}_fields={list(fields)}: field {unknown[0]} is not in dataset.fields. Add it there."
                )
        both = sorted(set(self.val_fields) & set(self.test_fields))
        if both:
            raise refusal(
                f"dataset.val_fields and dataset.test_fields: field {both[0]} is in both. Name it in one of them."
            )
        if set(self.fields) == {*self.val_fields, *self.test_fields}:
            raise refusal(
                "dataset.val_fields and dataset.test_fields leave no field to train on. Add fields to dataset.fields."
            )
        return self
