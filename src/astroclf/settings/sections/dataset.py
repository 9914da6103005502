"""Sources of images: simulated, a folder, or a table of files."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from astroclf.settings.sections.section import (
    Fraction,
    Pixels,
    Positive,
    Section,
    Seed,
    Seeing,
    SignalToNoise,
    Text,
    UserPath,
)


class DatasetSection(Section):
    """Settings of every source of images; `name` is the source."""

    name: str
    image_px: Pixels | None
    cache: UserPath
    val_fraction: Fraction
    test_fraction: Fraction
    split_seed: Seed


class Simulated(DatasetSection):
    name: Literal["simulated"]
    target: Literal["star_galaxy", "morphology", "votes"]
    n_images: Annotated[int, Field(ge=1, le=100_000_000, strict=True)]
    seed: Seed
    image_px: Annotated[int, Field(ge=1, le=4096, strict=True)]
    pixel_scale_arcsec: Annotated[float, Field(ge=0.01, le=2)]
    seeing_arcsec: tuple[Seeing, Seeing]  # full width at half maximum
    signal_to_noise: tuple[SignalToNoise, SignalToNoise]


class Files(DatasetSection):
    """Settings of every source of image files."""

    crop_px: Pixels | None
    channels: Literal["auto", 1, 3]
    stretch: Literal["linear", "asinh", "srgb"]
    pixel_scale_arcsec: Positive | None
    max_megapixels: Annotated[float, Field(gt=0, le=175)]  # Pillow refuses more than 178
    on_bad_image: Literal["stop", "skip"]


class ImageFolder(Files):
    name: Literal["image_folder"]
    root: UserPath | None


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
    neighbour_arcsec: Annotated[float, Field(gt=0, le=648_000)] | None  # half the sky


Dataset = Annotated[Simulated | ImageFolder | Catalog, Field(discriminator="name")]
