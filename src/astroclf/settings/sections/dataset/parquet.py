"""Images in a column of Parquet or Arrow files."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from astroclf.settings.sections.dataset.image_rows import ImageRows
from astroclf.settings.sections.section import Text, UserPath, refusal


class Parquet(ImageRows):
    name: Literal["parquet"]
    file: UserPath | None
    image_column: Text

    @property
    def source(self) -> str:
        return str(self.file)

    @model_validator(mode="after")
    def _has_a_file(self) -> Self:
        if self.file is None:
            raise refusal(
                "dataset.file is not set. Give the Parquet or Arrow file with the images, or the folder of its parts, "
                "as dataset.file=<file>."
            )
        return self
