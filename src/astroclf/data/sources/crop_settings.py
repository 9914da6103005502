"""The crop that the settings of a source state."""

from __future__ import annotations

from typing import Any

from astroclf.data.crops import CatalogCrop, Crop, RoiCrop
from astroclf.data.formats import Depth
from astroclf.errors import UserError
from astroclf.settings import sections


def crop_of(settings: sections.Files) -> Crop | None:
    """Return the crop around an object; None for the central square."""
    if settings.crop == "roi":
        return RoiCrop(settings.roi_threshold, settings.roi_margin, settings.roi_method)
    if settings.crop == "catalog" and isinstance(settings, sections.Catalog):
        position = settings.position_columns
        if position is not None:
            return CatalogCrop(
                position,
                "degree" if settings.x_column is None else "pixel",
                settings.xy_origin,
                settings.size_column,
                settings.size_factor,
            )
    return None


def require_flux(settings: sections.Files, depth: Depth) -> None:
    """Raise UserError for a sky or a segmentation of values of 8 bits, which are made for display."""
    needs = {
        f"dataset.sky={settings.sky}": settings.sky != "none",
        "dataset.roi_method=sep": settings.crop == "roi" and settings.roi_method == "sep",
    }
    for key, is_set in needs.items():
        if is_set and depth == "8-bit":
            raise UserError(
                f"{key}: values of 8 bits are made for display, not flux with a sky. Set {key.partition('=')[0]}="
                f"{'none' if 'sky' in key else 'threshold'}, or give the FITS files of the images."
            )


def crop_settings(crop: Crop | None) -> dict[str, Any]:
    """Return the settings of image files that state a crop; columns of a table are in `place_settings`."""
    if isinstance(crop, RoiCrop):
        return {
            "crop": "roi",
            "roi_threshold": crop.threshold,
            "roi_margin": crop.margin,
            "roi_method": crop.method,
        }
    return {"crop": "center" if crop is None else "catalog"}


def place_settings(crop: CatalogCrop, given: sections.Catalog) -> dict[str, Any]:
    """Return the settings of a table that state the crop of a model, with the columns that are given."""
    axes = ("x_column", "y_column") if crop.unit == "pixel" else ("ra_column", "dec_column")
    columns = {**dict(zip(axes, crop.position, strict=True)), "size_column": crop.size}
    stated = {key: getattr(given, key) or column for key, column in columns.items()}
    if crop.unit == "degree":
        stated |= {"x_column": None, "y_column": None}
        if given.ra_column is None:  # the positions are for the crop alone
            stated["neighbor_arcsec"] = given.neighbor_arcsec or 0.0
    if crop.size is None:
        stated["size_column"] = None
    return {**stated, "xy_origin": crop.origin, "size_factor": crop.factor}
