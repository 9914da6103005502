"""Image files listed in a table."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from astroclf.settings.metrics import TargetKind
from astroclf.settings.sections.dataset.files import Files
from astroclf.settings.sections.section import Text, UserPath, refusal


class Catalog(Files):
    name: Literal["catalog"]
    table: UserPath | None
    image_root: UserPath | None
    image_column: Text
    label_column: Text | None
    vote_columns: tuple[Text, ...] | None
    split_column: Text | None
    id_column: Text | None
    group_column: Text | None
    ra_column: Text | None
    dec_column: Text | None
    neighbor_arcsec: Annotated[float, Field(gt=0, le=648_000)] | None  # half the sky

    @property
    def target_kind(self) -> TargetKind:
        return "classes" if self.vote_columns is None else "votes"

    @property
    def source(self) -> str:
        return str(self.table)

    @model_validator(mode="after")
    def _has_a_table_with_targets(self) -> Self:
        if self.table is None:
            raise refusal(
                "dataset.table is not set. Give the CSV that lists the images, as dataset.table=<file>."
            )
        if (self.label_column is None) == (self.vote_columns is None):
            raise refusal(
                "dataset.label_column and dataset.vote_columns: set exactly one of the two, "
                "a column of class names or a list of columns of vote fractions."
            )
        return self

    @model_validator(mode="after")
    def _has_both_coordinates_and_a_distance(self) -> Self:
        if (self.ra_column is None) != (self.dec_column is None):
            raise refusal("dataset.ra_column and dataset.dec_column: set both or neither.")
        width_is_known = self.pixel_scale_arcsec is not None
        if self.ra_column is not None and self.neighbor_arcsec is None and not width_is_known:
            raise refusal(
                f"dataset.ra_column={self.ra_column}: the distance of overlapping neighbors is unknown. Set "
                "dataset.neighbor_arcsec, or dataset.pixel_scale_arcsec, so that it is the width of an image."
            )
        return self
