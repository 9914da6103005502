"""Sources of images: simulated, a folder, or a table of files."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from astroclf.settings.metrics import TargetKind
from astroclf.settings.sections.section import (
    CustomSection,
    Fraction,
    Pixels,
    Positive,
    Section,
    Seed,
    Seeing,
    SignalToNoise,
    Text,
    UserPath,
    refusal,
)


def _ascending(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise PydanticCustomError("order", "Input should be [smallest, largest]")
    return bounds


class DatasetSection(Section):
    """Settings of every source of images; `name` is the source."""

    name: str
    cache: UserPath
    val_fraction: Fraction
    test_fraction: Fraction
    split_seed: Seed

    @property
    def target_kind(self) -> TargetKind:
        """Kind of the targets: classes, or vote fractions."""
        return "classes"

    @property
    def source(self) -> str:
        """Origin of the images: a folder, a table, or the name of the section."""
        return self.name

    @model_validator(mode="after")
    def _leaves_images_to_train_on(self) -> Self:
        if self.val_fraction + self.test_fraction >= 1:
            raise refusal(
                f"dataset.val_fraction={self.val_fraction:g} and dataset.test_fraction="
                f"{self.test_fraction:g} leave no images to train on. Choose a sum below 1."
            )
        return self


class Simulated(DatasetSection):
    name: Literal["simulated"]
    target: Literal["star_galaxy", "morphology", "votes"]
    n_images: Annotated[int, Field(ge=1, le=100_000_000, strict=True)]
    seed: Seed
    image_px: Annotated[int, Field(ge=1, le=4096, strict=True)]
    pixel_scale_arcsec: Annotated[float, Field(ge=0.01, le=2)]
    # full width at half maximum
    seeing_arcsec: Annotated[tuple[Seeing, Seeing], AfterValidator(_ascending)]
    signal_to_noise: Annotated[tuple[SignalToNoise, SignalToNoise], AfterValidator(_ascending)]

    @property
    def target_kind(self) -> TargetKind:
        return "votes" if self.target == "votes" else "classes"


class Files(DatasetSection):
    """Settings of every source of image files."""

    crop_px: Pixels | None
    image_px: Pixels | None
    channels: Literal["auto", 1, 3]
    stretch: Literal["linear", "asinh", "srgb"]
    pixel_scale_arcsec: Positive | None
    max_megapixels: Annotated[float, Field(gt=0, le=175)]  # Pillow refuses more than 178
    on_bad_image: Literal["stop", "skip"]


class ImageFolder(Files):
    name: Literal["image_folder"]
    root: UserPath | None

    @property
    def source(self) -> str:
        return str(self.root)

    @model_validator(mode="after")
    def _has_a_folder(self) -> Self:
        if self.root is None:
            raise refusal(
                "dataset.root is not set. Give the folder with train/, val/ and test/, or with one folder "
                "per class, as dataset.root=<folder>."
            )
        return self


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


class CustomSource(DatasetSection, CustomSection):
    name: Literal["custom"]
    targets: TargetKind

    @property
    def target_kind(self) -> TargetKind:
        return self.targets


Dataset = Annotated[Simulated | ImageFolder | Catalog | CustomSource, Field(discriminator="name")]
