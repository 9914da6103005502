"""Images in folders of splits and classes."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from astroclf.settings.sections.dataset.file_pattern import check_pattern
from astroclf.settings.sections.dataset.files import Files
from astroclf.settings.sections.section import Text, UserPath, refusal


class ImageFolder(Files):
    name: Literal["image_folder"]
    root: UserPath | None
    pattern: Text | None

    @property
    def file_pattern(self) -> str | None:
        return self.pattern

    @property
    def source(self) -> str:
        return str(self.root)

    @model_validator(mode="after")
    def _has_a_folder(self) -> Self:
        if self.root is None:
            raise refusal(
                "dataset.root is not set. Give the folder with train/, val/ and test/, or with one folder "
                "per class, as dataset.root=<folder>."
            )
        return self

    @model_validator(mode="after")
    def _has_a_pattern_with_bands(self) -> Self:
        if self.pattern is not None:
            check_pattern("dataset.pattern", self.pattern)
            if self.bands is None:
                raise refusal(
                    f"dataset.pattern={self.pattern}: the bands are not named. Name them in the order of the channels, as dataset.bands=[g,r,i]."
                )
            if "{ra}" in self.pattern and self.pixel_scale_arcsec is None:
                raise refusal(
                    f"dataset.pattern={self.pattern}: states positions, but the width of an image on the sky is "
                    "unknown. Set dataset.pixel_scale_arcsec, or use {id} instead of {ra} and {dec}."
                )
        return self
