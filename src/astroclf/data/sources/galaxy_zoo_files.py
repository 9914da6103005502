"""Files of the Galaxy Zoo challenge: the table of votes, and the images named by the ids of its rows."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from astroclf.data.formats.registry import stem_of, suffix_reason
from astroclf.data.sources.folder_tree import read_folder
from astroclf.errors import UserError, listed

TABLE, IMAGES = "training_solutions_rev1", "images_training_rev1"  # as Kaggle names them
TABLE_SUFFIXES = (".csv", ".zip")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GalaxyZooFiles:
    """table: of votes. images: the folder of the images. names: id -> file below that folder."""

    table: Path
    images: Path
    names: Mapping[str, str]


@dataclass(frozen=True)
class MatchedImages:
    """rows: (n,) positions in the table, ascending; names: their files; skipped: file -> reason."""

    rows: np.ndarray
    names: list[str]
    skipped: dict[str, str]


def find_files(root: str) -> GalaxyZooFiles:
    """Return the files below the root. Raise UserError if the table or the images are missing."""
    folder = Path(root)
    _, entries = read_folder(folder, "dataset.root")
    present = {name for name, _ in entries}
    table = next(
        (f"{TABLE}{suffix}" for suffix in TABLE_SUFFIXES if f"{TABLE}{suffix}" in present), None
    )
    if table is None or IMAGES not in present:
        missing = IMAGES if table is not None else f"{TABLE}.csv"
        raise UserError(
            f"dataset.root={root}: {missing} is missing; there is {listed(sorted(present), 5) or 'nothing'}. Give the folder "
            f"with {TABLE}.csv and {IMAGES} of the Galaxy Zoo challenge, zipped or not."
        )
    _, images = read_folder(folder / IMAGES, "dataset.root")
    names = [name for name, is_folder in images if not is_folder and suffix_reason(name) is None]
    return GalaxyZooFiles(
        folder / table, folder / IMAGES, {stem_of(name): name for name in sorted(names)}
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
    missing = [ids[row] for row in chosen if ids[row] not in found.names]
    if missing and (on_bad_image == "stop" or len(missing) == len(chosen)):
        skip = (
            ""
            if len(missing) == len(chosen)
            else ", or set dataset.on_bad_image=skip to leave them out"
        )
        raise UserError(
            f"dataset.root: {len(missing):,} of {len(chosen):,} galaxies of {found.table.name} have no image in {found.images}: "
            f"{listed(missing)}. Add the images{skip}."
        )
    known = set(ids.tolist())
    without_row = [name for each, name in found.names.items() if each not in known]
    if without_row:
        log.warning(
            "%s of %s images in %s have no row in %s and are left out: %s.",
            f"{len(without_row):,}",
            f"{len(found.names):,}",
            found.images,
            found.table.name,
            listed(without_row),
        )
    rows = np.array([row for row in chosen if ids[row] in found.names], np.int64)
    skipped = dict.fromkeys(missing, "no image of this galaxy")
    return MatchedImages(rows, [found.names[ids[row]] for row in rows], skipped)
