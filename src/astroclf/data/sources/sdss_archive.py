"""Names and addresses of the imaging files of SDSS, and its photometric catalogs.

Data Release 17 (Abdurro'uf et al. 2022, ApJS 259, 35): corrected frames in nanomaggies
(https://data.sdss.org/datamodel/files/BOSS_PHOTOOBJ/frames/RERUN/RUN/CAMCOL/frame.html), one per band, and the
objects of each field (https://data.sdss.org/datamodel/files/BOSS_PHOTOOBJ/RERUN/RUN/CAMCOL/photoObj.html).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from astroclf.data.downloads import RemoteFile
from astroclf.errors import UserError, one_line
from astroclf.settings import sections

SERVER = "https://data.sdss.org/sas/dr17/eboss/photoObj"
BANDS = ("u", "g", "r", "i", "z")  # in the order of the catalog
TYPES = {3: "galaxy", 6: "star"}  # OBJC_TYPE
PRIMARY = 1  # MODE
MAGNITUDE_OF_NANOMAGGY = 22.5
COLUMNS = ("OBJID", "RA", "DEC", "OBJC_TYPE", "MODE", "CLEAN", "PSFFLUX", "MODELFLUX")


@dataclass(frozen=True, eq=False)
class SdssObjects:
    """Objects of a field. ids: (N,) str objID. sky_deg: (N, 2). types: (N,) names of `TYPES`."""

    ids: np.ndarray
    sky_deg: np.ndarray
    types: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence[SdssObjects]) -> SdssObjects:
        """Return the objects of several fields."""
        return cls(
            np.concatenate([part.ids for part in parts]),
            np.concatenate([part.sky_deg for part in parts]),
            np.concatenate([part.types for part in parts]),
        )


def field_name(field: int) -> str:
    """Return a field as it is written in the names of files."""
    return f"{field:04d}"


def frame_path(settings: sections.SdssFrames, band: str, field: str) -> Path:
    """Return the path of a frame below the root of the archive, bzip2-compressed as it is published.

    field: as `field_name`. `{band}` and `{field}` give the pattern of all frames.
    """
    run, camcol = settings.run, settings.camcol
    folder = Path("frames", str(settings.rerun), str(run), str(camcol))
    return folder / f"frame-{band}-{run:06d}-{camcol}-{field}.fits.bz2"


def catalog_path(settings: sections.SdssFrames, field: int) -> Path:
    """Return the path of the objects of a field below the root of the archive."""
    run, camcol = settings.run, settings.camcol
    folder = Path(str(settings.rerun), str(run), str(camcol))
    return folder / f"photoObj-{run:06d}-{camcol}-{field_name(field)}.fits"


def archive_files(settings: sections.SdssFrames, server: str | None = None) -> list[RemoteFile]:
    """Return all files of the settings, with their addresses. server: instead of `SERVER`."""
    paths = [catalog_path(settings, field) for field in settings.fields]
    paths += [
        frame_path(settings, b, field_name(f)) for f in settings.fields for b in settings.bands
    ]
    base = (server or SERVER).rstrip("/")
    return [RemoteFile(f"{base}/{path.as_posix()}", path) for path in paths]


def read_objects(file: Path, settings: sections.SdssFrames) -> SdssObjects:
    """Return the primary stars and galaxies of a catalog within the limits of the settings.

    Raise UserError for a file that is no such catalog.
    """
    from astropy.io import fits

    try:
        with fits.open(file, memmap=False) as units:
            table = {name: np.asarray(units[1].data[name]) for name in COLUMNS}
    except (OSError, KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise UserError(
            f"{file} is not a photoObj catalog of SDSS ({one_line(error, 80)}). Remove it and run task=prepare."
        ) from error
    # Stars are measured with the PSF, galaxies with the better of two models.
    r = BANDS.index("r")
    is_star = table["OBJC_TYPE"] == 6
    flux = np.where(is_star, table["PSFFLUX"][:, r], table["MODELFLUX"][:, r])
    magnitude = MAGNITUDE_OF_NANOMAGGY - 2.5 * np.log10(np.maximum(flux, 1e-9))
    chosen = np.isin(table["OBJC_TYPE"], list(TYPES)) & (table["MODE"] == PRIMARY)
    if settings.clean:
        chosen &= table["CLEAN"] == 1
    if settings.brightest_r is not None:
        chosen &= magnitude >= settings.brightest_r
    if settings.faintest_r is not None:
        chosen &= magnitude <= settings.faintest_r
    return SdssObjects(
        ids=np.char.strip(table["OBJID"][chosen].astype(str)),
        sky_deg=np.stack([table["RA"][chosen], table["DEC"][chosen]], axis=1).astype(float),
        types=np.array([TYPES[number] for number in table["OBJC_TYPE"][chosen].tolist()], str),
    )
