"""Parameters by which stamps are cut from frames, kept with the data set and the bundle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from astroclf.data.sky import SkyMethod

Edges = Literal["refuse", "mask", "drop"]
Center = Literal["pixel", "object"]
PixelValues = Literal["flux", "surface_brightness"]

Count = Annotated[int, Field(ge=1)]
Arcsec = Annotated[float, Field(gt=0)]


@dataclass(frozen=True)
class CutoutParameters:
    """Preparation of stamps: find the frame of each band, re-project, match the PSF, subtract the sky.

    A source makes the value from its settings and its frames; the data set and the bundle keep it,
    so that new positions are cut as the training stamps were.

    frames: pattern or table of the frames. hdu: extension of each, by number or name.
    bands: channels of a stamp; the first is the reference, whose frames give the grid.
    image_px: width of a stamp. pixel_scale_arcsec: nominal width of its pixels.
    center: `pixel` = the grid of the reference frame, centered on the pixel that is nearest to the
        object; `object` = centered on the object, re-projected.
    pixel_values: `flux` per pixel, scaled by the ratio of pixel areas, or `surface_brightness`.
    edges: for stamps with pixels beyond the frame or without data (see `stamps.StampCutter`).
    mask_neighbors: whether other sources are replaced by the sky.
    psf_fwhm_arcsec: width of the PSF to which sharper bands are smoothed; None = as observed.
    band_fwhm_arcsec: measured width of each band, None where there were too few stars.
    sky: method by which the level of the sky is subtracted from each band of a stamp.
    """

    frames: str
    hdu: int | str | None
    bands: tuple[str, ...]
    image_px: Count
    pixel_scale_arcsec: Arcsec
    center: Center
    pixel_values: PixelValues
    edges: Edges
    mask_neighbors: bool
    sky: SkyMethod
    psf_fwhm_arcsec: Arcsec | None = None
    band_fwhm_arcsec: tuple[float | None, ...] = ()

    @property
    def reference_band(self) -> str:
        return self.bands[0]

    @property
    def shared(self) -> CutoutParameters:
        """Parameters that members of an ensemble must share: all but the frames and measured widths."""
        return replace(self, frames="", hdu=None, band_fwhm_arcsec=())

    @property
    def width_arcsec(self) -> float:
        """Width of a stamp."""
        return self.image_px * self.pixel_scale_arcsec

    def describe(self) -> dict[str, str]:
        """Return the frames and the PSF in words, for reports."""
        widths = ", ".join(
            f"{band} {'not measured' if fwhm is None else f'{fwhm:.3g}″'}"
            for band, fwhm in zip(self.bands, self.band_fwhm_arcsec, strict=False)
        )
        matched = self.psf_fwhm_arcsec
        smoothed = "" if matched is None else f"; smoothed to {matched:.3g}″"
        return {"frames": self.frames, "PSF (FWHM)": widths + smoothed}
