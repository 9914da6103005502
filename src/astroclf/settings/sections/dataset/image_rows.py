"""Images that are stored as rows of an array or of a column, beside their labels."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from astroclf.settings.sections.dataset.labeled_images import LabeledImages
from astroclf.settings.sections.section import Text, UserPath, refusal


class ImageRows(LabeledImages):
    """Settings of every source with images and labels in the same rows."""

    axes: Literal["auto", "nchw", "nhwc"]
    class_names: Annotated[tuple[Text, ...], Field(min_length=1)] | None
    pixel_scale_column: Text | None

    @property
    def states_pixel_scale(self) -> bool:
        return self.pixel_scale_arcsec is not None or self.pixel_scale_column is not None

    @model_validator(mode="after")
    def _has_one_pixel_scale(self) -> Self:
        if self.pixel_scale_arcsec is not None and self.pixel_scale_column is not None:
            raise refusal(
                f"dataset.pixel_scale_arcsec={self.pixel_scale_arcsec:g} and dataset.pixel_scale_column="
                f"{self.pixel_scale_column}: set one of the two."
            )
        return self

    @model_validator(mode="after")
    def _has_distinct_class_names(self) -> Self:
        names = self.class_names or ()
        if len(set(names)) < len(names):
            raise refusal(f"dataset.class_names={list(names)}: a name is given twice.")
        return self


class ImageRowsFile(ImageRows):
    """Settings of the sources whose rows are in a file."""

    FILE: ClassVar[str]  # description, for the message of a missing file
    file: UserPath | None

    @property
    def source(self) -> str:
        return str(self.file)

    @model_validator(mode="after")
    def _has_a_file(self) -> Self:
        if self.file is None:
            raise refusal(f"dataset.file is not set. Give {self.FILE}, as dataset.file=<file>.")
        return self
