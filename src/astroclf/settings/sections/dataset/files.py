"""Settings of every source of image files."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from astroclf.settings.sections.dataset.source import DatasetSection
from astroclf.settings.sections.section import Pixels, Positive


class Files(DatasetSection):
    """Settings of every source of image files."""

    crop_px: Pixels | None
    image_px: Pixels | None
    channels: Literal["auto", 1, 3]
    stretch: Literal["linear", "asinh", "srgb"]
    pixel_scale_arcsec: Positive | None
    max_megapixels: Annotated[float, Field(gt=0, le=175)]  # Pillow refuses more than 178
    on_bad_image: Literal["stop", "skip"]
