"""Source sdss_frames: stamps of stars and galaxies from the imaging frames of SDSS."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from astroclf.data.dataset import TEST, TRAIN, UNASSIGNED, VAL, ImageDataset
from astroclf.data.downloads import missing_files
from astroclf.data.mosaics.frame_files import FrameFile
from astroclf.data.mosaics.frames import open_mosaic
from astroclf.data.sources.labeled_rows import LabeledRows
from astroclf.data.sources.mosaic_rows import cut_rows
from astroclf.data.sources.sdss_archive import (
    TYPES,
    SdssObjects,
    archive_files,
    catalog_path,
    field_name,
    frame_path,
    read_objects,
)
from astroclf.data.sources.table_labels import TableTargets
from astroclf.data.sources.table_numbers import TableNumbers
from astroclf.errors import UserError, listed
from astroclf.settings import sections

CLASSES = tuple(sorted(TYPES.values()))


def load(settings: sections.SdssFrames) -> ImageDataset:
    """Return stamps of the primary stars and galaxies of the fields, in flux of the frames (nanomaggies).

    Ids are objIDs, as text. An object is of the split of its field: of `val_fields`, of `test_fields`,
    else train, or in no split if neither is given.

    Raise UserError for files that are missing, without objects of both types, and as `cut_rows`.
    """
    root = Path(str(settings.root))
    require_files(root, settings)
    parts = [read_objects(root / catalog_path(settings, f), settings) for f in settings.fields]
    fields = np.repeat(settings.fields, [len(part.ids) for part in parts])
    objects = SdssObjects.joined(parts)
    # Fields overlap: of an object in two of them the first is kept.
    _, first = np.unique(objects.ids, return_index=True)
    first.sort()
    rows = make_rows(objects, fields, first, settings)
    frames = [
        FrameFile(root / frame_path(settings, band, field), band, field, None)
        for band in settings.bands
        for field in map(field_name, settings.fields)
    ]
    mosaic = open_mosaic(f"dataset.root={root}", frames, settings.bands)
    pattern = root / frame_path(settings, "{band}", "{field}")
    return cut_rows(rows, mosaic, settings, str(pattern))


def make_rows(
    objects: SdssObjects, fields: np.ndarray, chosen: np.ndarray, settings: sections.SdssFrames
) -> LabeledRows:
    """Return the chosen objects with their labels and splits. Raise UserError unless both types occur."""
    types = objects.types[chosen]
    lacking = [name for name in CLASSES if name not in types]
    if lacking:
        raise UserError(
            f"dataset.fields={list(settings.fields)}: no {lacking[0]} among {len(types):,} objects. Add fields, or "
            "change dataset.brightest_r, dataset.faintest_r or dataset.clean."
        )
    return LabeledRows(
        ids=objects.ids[chosen],
        labels=TableTargets(CLASSES, np.searchsorted(CLASSES, types).astype(np.int64)),
        numbers=TableNumbers(None, None),
        split=np.array([split_of(int(field), settings) for field in fields[chosen]], str),
        groups=None,
        sky_deg=objects.sky_deg[chosen],
    )


def split_of(field: int, settings: sections.SdssFrames) -> str:
    """Return the split of the objects of a field."""
    if field in settings.test_fields:
        return TEST
    if field in settings.val_fields:
        return VAL
    return TRAIN if settings.val_fields or settings.test_fields else UNASSIGNED


def require_files(root: Path, settings: sections.SdssFrames) -> None:
    """Raise UserError that counts the missing files and names the command that downloads them."""
    files = archive_files(settings)
    missing = missing_files(root, files)
    if missing:
        raise UserError(
            f"dataset.root={root}: {len(missing):,} of {len(files):,} files are missing: "
            f"{listed((str(file.path) for file in missing), 2)}. Download them with task=prepare, "
            "or list them with task=prepare prepare.download=false."
        )
