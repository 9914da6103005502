"""Image files listed in a table."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from astroclf.settings.sections.dataset.files import Files
from astroclf.settings.sections.dataset.labeled_table import LabeledTable
from astroclf.settings.sections.section import Text, UserPath, refusal


class Catalog(Files, LabeledTable):
    name: Literal["catalog"]
    image_root: UserPath | None
    image_column: Text
    neighbor_arcsec: Annotated[float, Field(gt=0, le=648_000)] | None  # half the sky

    @model_validator(mode="after")
    def _has_a_distance_of_neighbors(self) -> Self:
        width_is_known = self.pixel_scale_arcsec is not None
        if self.ra_column is not None and self.neighbor_arcsec is None and not width_is_known:
            raise refusal(
                f"dataset.ra_column={self.ra_column}: the distance of overlapping neighbors is unknown. Set "
                "dataset.neighbor_arcsec, or dataset.pixel_scale_arcsec, so that it is the width of an image."
            )
        return self
