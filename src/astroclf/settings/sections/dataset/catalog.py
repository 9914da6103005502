"""Image files listed in a table."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from astroclf.settings.sections.dataset.labeled_images import LabeledImages
from astroclf.settings.sections.dataset.labeled_table import LabeledTable
from astroclf.settings.sections.section import Text, UserPath, refusal


class Catalog(LabeledImages, LabeledTable):
    name: Literal["catalog"]
    image_root: UserPath | None
    image_column: Text
    image_columns: dict[Text, Text] | None

    @property
    def band_names(self) -> tuple[str, ...] | None:
        if self.bands is None and self.image_columns is not None:
            return tuple(self.image_columns)
        return super().band_names

    @property
    def band_columns(self) -> tuple[str, ...] | None:
        if self.image_columns is None:
            return None
        return tuple(self.image_columns.get(name, "") for name in self.band_names or ())

    @model_validator(mode="after")
    def _has_a_column_for_each_band(self) -> Self:
        if self.image_columns is None:
            return self
        lacking = [name for name in self.band_names or () if name not in self.image_columns]
        if lacking or not self.image_columns:
            raise refusal(
                f"dataset.image_columns: no column of {', '.join(lacking) or 'any band'}. Give one for each band, as "
                "dataset.image_columns={g: file_g, r: file_r}."
            )
        return self
