"""Names of the bands of FITS images, from the cards of their headers."""

from __future__ import annotations

from collections.abc import Sequence

from astroclf.data.formats.fits_units import Unit
from astroclf.data.formats.format import GRAY, plane_name

# EXTNAME values that name a kind of content, not a band.
GENERIC = ("", "PRIMARY", "COMPRESSED_IMAGE", "IMAGE", "SCI", "DATA")


def band_names(units: Sequence[Unit], planes: Sequence[int]) -> tuple[str, ...]:
    """Return a name for each plane of the HDUs, in their order.

    planes: number of planes of each HDU. An HDU of one plane is named by its card BAND, FILTER or
    EXTNAME, whichever gives all HDUs different names; a cube by BAND0, BAND1, ... or a list of letters
    in BANDS, as cutouts of the Legacy Surveys have. Without such cards, planes are `plane 1`, ..., and
    a single one is `gray`.
    """
    total = sum(planes)
    if total == len(units):
        for names in (_cards(units, "BAND"), _cards(units, "FILTER"), _extension_names(units)):
            if all(names) and len(set(names)) == total:
                return tuple(names)
    elif len(units) == 1 and (names := _cube_names(units[0], total)):
        return tuple(names)
    return GRAY if total == 1 else tuple(map(plane_name, range(1, total + 1)))


def _cards(units: Sequence[Unit], keyword: str) -> list[str]:
    return [str(unit.header.get(keyword, "")).strip() for unit in units]


def _extension_names(units: Sequence[Unit]) -> list[str]:
    names = [str(unit.header.get("EXTNAME", "")).strip() for unit in units]
    return ["" if name.upper() in GENERIC else name for name in names]


def _cube_names(unit: Unit, total: int) -> list[str]:
    for first in (0, 1):
        names = [str(unit.header.get(f"BAND{first + n}", "")).strip() for n in range(total)]
        if all(names) and len(set(names)) == total:
            return names
    letters = list(str(unit.header.get("BANDS", "")).strip())
    return letters if len(set(letters)) == len(letters) == total else []
