"""Image files listed in a table."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from astroclf.settings.sections.dataset.labeled_images import LabeledImages
from astroclf.settings.sections.dataset.labeled_table import LabeledTable
from astroclf.settings.sections.section import Text, UserPath, refusal


class Catalog(LabeledImages, LabeledTable):
    name: Literal["catalog"]
    image_root: UserPath | None
    image_column: Text
    image_columns: dict[Text, Text] | None
    x_column: Text | None
    y_column: Text | None
    xy_origin: Literal[0, 1]
    size_column: Text | None
    size_factor: Annotated[float, Field(gt=0, le=1000)]

    @property
    def position_columns(self) -> tuple[str, str] | None:
        """Columns of the positions of the objects: pixels if they are given, else degrees."""
        if self.x_column is not None and self.y_column is not None:
            return self.x_column, self.y_column
        if self.ra_column is not None and self.dec_column is not None:
            return self.ra_column, self.dec_column
        return None

    @property
    def has_positions(self) -> bool:
        return self.position_columns is not None

    @property
    def has_squares_of_objects(self) -> bool:
        return self.crop == "roi" or (self.crop == "catalog" and self.size_column is not None)

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
    def _has_a_size_of_squares(self) -> Self:
        if (self.x_column is None) != (self.y_column is None):
            raise refusal("dataset.x_column and dataset.y_column: set both or neither.")
        if self.crop == "catalog" and self.size_column is None and self.crop_px is None:
            raise refusal(
                "dataset.crop=catalog: the width of the squares is unknown. Set dataset.crop_px, or dataset.size_column "
                "to the column of the objects' sizes."
            )
        return self

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
