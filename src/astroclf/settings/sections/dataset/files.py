"""Settings of every source of image files."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from astroclf.settings.sections.dataset.source import DatasetSection
from astroclf.settings.sections.section import Pixels, Positive, Text, refusal

HduName = Annotated[int, Field(ge=0, le=10_000, strict=True)] | Annotated[str, Field(min_length=1)]


class Files(DatasetSection):
    """Settings of every source of image files."""

    crop_px: Pixels | None
    image_px: Pixels | None
    crop: Literal["center", "roi", "catalog"]
    roi_threshold: Annotated[float, Field(ge=0, le=1e12)]
    roi_margin: Annotated[float, Field(ge=0, le=10)]
    roi_method: Literal["threshold", "sep"]
    channels: Literal["auto", 1, 3]
    # names, in the order of the channels; or name -> number or name of its plane in a file
    bands: tuple[Text, ...] | dict[Text, Text] | None
    missing_band: Literal["refuse", "mask"]
    rgb_bands: Literal["auto", "panels"] | tuple[Text, Text, Text]
    hdu: HduName | Annotated[tuple[HduName, ...], Field(min_length=1)] | None
    sky: Literal["none", "border", "sigma_clip"]
    stretch: Literal["linear", "asinh", "srgb"]
    pixel_scale_arcsec: Positive | None
    max_megapixels: Annotated[float, Field(gt=0, le=175)]  # Pillow refuses more than 178
    on_bad_image: Literal["stop", "skip"]

    @property
    def has_squares_of_objects(self) -> bool:
        """True if the squares that are cropped have the widths of their objects."""
        return self.crop == "roi"

    @property
    def band_names(self) -> tuple[str, ...] | None:
        """Names of the bands in the order of the channels; None takes those of the files."""
        return None if self.bands is None else tuple(self.bands)

    @property
    def shown_bands(self) -> tuple[str, ...] | None:
        """Bands that pictures show as red, green and blue; () for one panel a band, None for a choice."""
        if isinstance(self.rgb_bands, tuple):
            return self.rgb_bands
        return () if self.rgb_bands == "panels" else None

    @property
    def file_pattern(self) -> str | None:
        """Pattern of the names of files with one band each."""
        return None

    @property
    def band_columns(self) -> tuple[str, ...] | None:
        """Columns of the paths of files with one band each, in the order of the bands."""
        return None

    @property
    def has_positions(self) -> bool:
        """True if the source has positions of the objects in the images."""
        return False

    @model_validator(mode="after")
    def _has_a_crop_of_one_size(self) -> Self:
        if self.crop == "catalog" and not self.has_positions:
            raise refusal(
                "dataset.crop=catalog: no positions of the objects. Give a table, dataset=catalog, and dataset.x_column and "
                "dataset.y_column, or dataset.ra_column and dataset.dec_column."
            )
        if self.has_squares_of_objects and self.crop_px is not None:
            raise refusal(
                f"dataset.crop_px={self.crop_px}: with dataset.crop={self.crop} each square has the size of its object. Set "
                "dataset.crop_px=null."
            )
        if self.has_squares_of_objects and self.image_px is None:
            raise refusal(
                f"dataset.image_px=null: with dataset.crop={self.crop} the squares have different sizes. Set dataset.image_px "
                "to the width of all images."
            )
        return self

    @model_validator(mode="after")
    def _has_different_bands(self) -> Self:
        names = self.band_names
        if names is None:
            return self
        key = f"dataset.bands=[{','.join(names)}]"
        if not names:
            raise refusal(f"{key}: no band. Name at least one, or set dataset.bands=null.")
        if len(set(names)) < len(names):
            raise refusal(f"{key}: a band is named twice. Name each once.")
        wrong = [name for name in self.shown_bands or () if name not in names]
        if wrong:
            raise refusal(
                f"dataset.rgb_bands: {', '.join(wrong)} not among dataset.bands=[{','.join(names)}]. Choose three of these."
            )
        if self.channels != "auto":
            raise refusal(
                f"{key}: dataset.channels={self.channels} would convert these bands. Set dataset.channels=auto."
            )
        has_file_per_band = self.file_pattern is not None or self.band_columns is not None
        if has_file_per_band and isinstance(self.bands, dict):
            raise refusal(
                f"{key}: there is one file per band, so that no planes of a file are chosen. Give the names alone, as a list."
            )
        return self
