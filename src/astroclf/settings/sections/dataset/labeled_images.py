"""Images with labels in columns, whose neighbors on the sky are kept in one split."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from astroclf.settings.sections.dataset.files import Files
from astroclf.settings.sections.dataset.label_columns import LabelColumns
from astroclf.settings.sections.section import refusal


class LabeledImages(Files, LabelColumns):
    """Settings of every source that reads images and labels them in columns."""

    neighbor_arcsec: Annotated[float, Field(gt=0, le=648_000)] | None  # half the sky

    @property
    def states_pixel_scale(self) -> bool:
        """True if the pixel scale of the images is given."""
        return self.pixel_scale_arcsec is not None

    @model_validator(mode="after")
    def _has_a_distance_of_neighbors(self) -> Self:
        if (
            self.ra_column is not None
            and self.neighbor_arcsec is None
            and not self.states_pixel_scale
        ):
            raise refusal(
                f"dataset.ra_column={self.ra_column}: the distance of overlapping neighbors is unknown. Set "
                "dataset.neighbor_arcsec, or dataset.pixel_scale_arcsec, so that it is the width of an image."
            )
        return self
