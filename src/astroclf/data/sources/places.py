"""Positions and sizes of the objects of a table, for crops around them."""

from __future__ import annotations

from astroclf.data.crops import CatalogCrop, Place
from astroclf.data.formats import BadImage
from astroclf.data.sources.crop_settings import crop_of
from astroclf.errors import UserError
from astroclf.settings import sections
from astroclf.tables import Table

KEYS = {
    "pixel": ("dataset.x_column", "dataset.y_column"),
    "degree": ("dataset.ra_column", "dataset.dec_column"),
}


def place_columns(settings: sections.Catalog) -> list[tuple[str, str]]:
    """Return (key, column) for the position and size of the objects; [] for other crops."""
    crop = crop_of(settings)
    if not isinstance(crop, CatalogCrop):
        return []
    return list(zip((*KEYS[crop.unit], "dataset.size_column"), crop.columns, strict=False))


def read_places(table: Table, settings: sections.Catalog) -> list[Place | None]:
    """Return the position of the object of each row; None for other crops.

    Raise UserError for a cell that is not a number.
    """
    crop = crop_of(settings)
    if not isinstance(crop, CatalogCrop):
        return [None] * len(table)
    rows = zip(*(table.text(column) for column in crop.columns), strict=True)
    places: list[Place | None] = []
    for row, cells in enumerate(rows):
        try:
            places.append(crop.place(cells))
        except BadImage as bad:
            raise UserError(
                f"dataset.crop=catalog: {bad}, {table.where([row])}. Correct it, or remove the row."
            ) from bad
    return places
