"""Files of the Galaxy Zoo challenge: the table of votes, and the images named by the ids of its rows."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from astroclf.data.archives import ArchivedFile, files_of, open_archive
from astroclf.data.bands import ImageFiles
from astroclf.data.formats.registry import stem_of, suffix_reason
from astroclf.data.sources.folder_tree import read_folder
from astroclf.errors import UserError, listed
from astroclf.tables import is_table

TABLE, IMAGES = "training_solutions_rev1", "images_training_rev1"  # as Kaggle names them

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GalaxyZooFiles:
    """table: file of the votes, or an archive that holds it. place: folder or archive of the images,
    for messages. images: id -> its file."""

    table: Path
    place: Path
    images: Mapping[str, ImageFiles]


@dataclass(frozen=True)
class MatchedImages:
    """rows: (n,) positions in the table, ascending; images: their files; skipped: id -> reason."""

    rows: np.ndarray
    images: list[ImageFiles]
    skipped: dict[str, str]


def find_files(root: str) -> GalaxyZooFiles:
    """Return the files below a folder or in an archive.

    Raise UserError if the table or the images are missing, and as `archives.open_archive`.
    """
    folder = Path(root)
    if folder.is_file():
        return _files_of_archive(folder)
    _, entries = read_folder(folder, "dataset.root")
    present = {name for name, _ in entries}
    table, images = (
        next((name for name in names if name in present), None)
        for names in ((f"{TABLE}.csv", f"{TABLE}.zip"), (IMAGES, f"{IMAGES}.zip"))
    )
    if table is None or images is None:
        missing = IMAGES if images is None else f"{TABLE}.csv"
        raise _missing(folder, missing, sorted(present))
    place = folder / images
    if images == IMAGES:
        _, below = read_folder(place, "dataset.root")
        names = [name for name, is_folder in below if not is_folder]
        files = [ImageFiles(name, (place / name,)) for name in names]
    else:
        files = _images_of(open_archive(f"dataset.root: {place}", place))
    return GalaxyZooFiles(folder / table, place, _by_id(files))


def _files_of_archive(file: Path) -> GalaxyZooFiles:
    archive = open_archive(f"dataset.root={file}", file)
    names = [each.filename for each in files_of(archive)]
    packed = [name for name in names if name.endswith(".zip")]
    if packed:
        raise UserError(
            f"dataset.root={file} holds archives: {listed(packed)}. Unpack it, and give its folder; "
            "the archives in it are read as they are."
        )
    found = _by_id(_images_of(archive))
    if not found or not any(map(is_table, names)):
        raise _missing(file, "images" if not found else f"{TABLE}.csv", names)
    return GalaxyZooFiles(file, file, found)


def _images_of(archive: ZipFile) -> list[ImageFiles]:
    return [ImageFiles(each.filename, (ArchivedFile(archive, each),)) for each in files_of(archive)]


def _by_id(files: list[ImageFiles]) -> dict[str, ImageFiles]:
    """Return id -> file of the images among the files: an id is the name without extension."""
    chosen = sorted(each for each in files if suffix_reason(each.name) is None)
    return {stem_of(each.name): each for each in chosen}


def _missing(root: Path, missing: str, present: list[str]) -> UserError:
    return UserError(
        f"dataset.root={root}: {missing} is missing; there is {listed(present, 5) or 'nothing'}. Give the folder "
        f"with {TABLE}.csv and {IMAGES} of the Galaxy Zoo challenge, zipped or not."
    )


def match_images(
    found: GalaxyZooFiles, ids: np.ndarray, chosen: np.ndarray, on_bad_image: str
) -> MatchedImages:
    """Return the images of the chosen rows.

    ids: (N,) of all rows. chosen: positions of those that are used.

    Raise UserError for ids in several rows, and for rows without image, unless `on_bad_image` is skip
    and at least one image exists. Images without row are left out, with a warning.
    """
    values, counts = np.unique(ids, return_counts=True)
    if (counts > 1).any():
        repeated = values[counts > 1]
        raise UserError(
            f"dataset.root: {len(repeated):,} ids are in several rows of {found.table}: {listed(repeated)}. "
            "Keep one row a galaxy."
        )
    missing = [ids[row] for row in chosen if ids[row] not in found.images]
    if missing and (on_bad_image == "stop" or len(missing) == len(chosen)):
        skip = (
            ""
            if len(missing) == len(chosen)
            else ", or set dataset.on_bad_image=skip to leave them out"
        )
        raise UserError(
            f"dataset.root: {len(missing):,} of {len(chosen):,} galaxies of {found.table.name} have no image in {found.place}: "
            f"{listed(missing)}. Add the images{skip}."
        )
    known = set(ids.tolist())
    without_row = [file.name for each, file in found.images.items() if each not in known]
    if without_row:
        log.warning(
            "%s of %s images in %s have no row in %s and are left out: %s.",
            f"{len(without_row):,}",
            f"{len(found.images):,}",
            found.place,
            found.table.name,
            listed(without_row),
        )
    rows = np.array([row for row in chosen if ids[row] in found.images], np.int64)
    skipped = dict.fromkeys(missing, "no image of this galaxy")
    return MatchedImages(rows, [found.images[str(ids[row])] for row in rows], skipped)
