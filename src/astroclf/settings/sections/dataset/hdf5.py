"""Arrays of an HDF5 file."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from astroclf.settings.sections.dataset.image_rows import ImageRows
from astroclf.settings.sections.section import Text, UserPath, refusal


class Hdf5(ImageRows):
    name: Literal["hdf5"]
    file: UserPath | None
    images_array: Text

    @property
    def source(self) -> str:
        return str(self.file)

    @model_validator(mode="after")
    def _has_a_file(self) -> Self:
        if self.file is None:
            raise refusal(
                "dataset.file is not set. Give the HDF5 file with the images, as dataset.file=<file>."
            )
        return self
