"""Stamps cut from mosaics around the objects of a table."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from astroclf.settings.sections.dataset.files import HduName
from astroclf.settings.sections.dataset.labeled_table import LabeledTable
from astroclf.settings.sections.dataset.source import DatasetSection
from astroclf.settings.sections.section import Pixels, Positive, Text, UserPath, listed, refusal


class Mosaics(DatasetSection):
    """Settings of every source that cuts stamps from frames with a WCS."""

    bands: Annotated[tuple[Text, ...], BeforeValidator(listed), Field(min_length=1)]
    cutout_px: Pixels | None
    cutout_arcsec: Positive | None
    pixel_scale_arcsec: Positive | None
    center: Literal["pixel", "object"]
    pixel_values: Literal["flux", "surface_brightness"]
    edges: Literal["refuse", "mask", "drop"]
    mask_neighbors: bool
    match_psf: Literal["none", "widest"] | Positive
    sky: Literal["none", "border", "sigma_clip"]
    split_by: Literal["none", "field", "cell"]
    cell_arcmin: Annotated[float, Field(gt=0, le=10_800)]  # half the sky
    cell_border: Literal["link", "drop"]

    @model_validator(mode="after")
    def _has_a_width(self) -> Self:
        if self.cutout_px is None and self.cutout_arcsec is None:
            raise refusal(
                "dataset.cutout_px and dataset.cutout_arcsec are not set. Give the width of a stamp in pixels or in arcsec."
            )
        return self

    @model_validator(mode="after")
    def _has_distinct_bands(self) -> Self:
        if len(set(self.bands)) < len(self.bands):
            raise refusal(
                f"dataset.bands={list(self.bands)}: a band is named twice. Name each once."
            )
        return self


class Cutouts(Mosaics, LabeledTable):
    name: Literal["cutouts"]
    frames: UserPath | None
    hdu: HduName | None
    x_column: Text | None
    y_column: Text | None
    field_column: Text | None
    xy_origin: Literal[0, 1]

    @model_validator(mode="after")
    def _has_frames(self) -> Self:
        if self.frames is None:
            raise refusal(
                "dataset.frames is not set. Give the FITS frames as a path with * and {band}, such as "
                "'mosaics/*-{band}.fits', or as a CSV with the columns file and band."
            )
        return self

    @model_validator(mode="after")
    def _has_positions(self) -> Self:
        if (self.x_column is None) != (self.y_column is None):
            raise refusal("dataset.x_column and dataset.y_column: set both or neither.")
        if self.x_column is None and self.ra_column is None:
            raise refusal(
                "dataset.ra_column and dataset.dec_column are not set. Name the columns of the coordinates in degrees, "
                "or those of pixels as dataset.x_column and dataset.y_column."
            )
        return self

    @model_validator(mode="after")
    def _has_one_kind_of_groups(self) -> Self:
        if self.split_by != "none" and self.group_column is not None:
            raise refusal(
                f"dataset.split_by={self.split_by} and dataset.group_column={self.group_column}: set one of the two, "
                "the groups that are kept in one split."
            )
        return self
