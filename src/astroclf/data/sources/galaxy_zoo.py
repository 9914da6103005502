"""Source galaxy_zoo: votes and images in the layout of the Galaxy Zoo challenge of Kaggle."""

from __future__ import annotations

import numpy as np

from astroclf.data.dataset import UNASSIGNED, ImageDataset
from astroclf.data.sources.files import read_image_files
from astroclf.data.sources.galaxy_zoo_files import find_files, match_images
from astroclf.data.sources.vote_cuts import NO_CLASS, classify, describe_classes, require_classes
from astroclf.data.sources.vote_table import VoteColumns
from astroclf.settings import sections
from astroclf.tables import read_table


def load(settings: sections.GalaxyZoo) -> ImageDataset:
    """Return the galaxies of the table, in the order of its rows.

    Targets are fractions of all volunteers, (N, K) float32 with the tree of the schema; or indices into
    the classes of the cuts, of the galaxies that have one. An id is that of the table, as text.

    Raise UserError for files that are missing, a table without the columns of the schema, votes that
    contradict the tree, galaxies without image (unless `on_bad_image` is skip), a class without
    galaxies, and as `files.read_image_files`.
    """
    return _load(settings, for_training=True)


def load_labeled(settings: sections.GalaxyZoo) -> ImageDataset:
    """Return the galaxies for an evaluation alone: classes may have none. Otherwise as `load`."""
    return _load(settings, for_training=False)


def _load(settings: sections.GalaxyZoo, *, for_training: bool) -> ImageDataset:
    schema = settings.schema_of_votes
    columns = VoteColumns(settings.vote_schema, schema, settings.vote_tolerance)
    found = find_files(settings.root or "")
    columns.require("dataset.root", found.table)
    table = read_table(
        "dataset.root", found.table, [("dataset.vote_schema", schema.id_column), *columns.wanted()]
    )
    ids = np.array(table.filled(schema.id_column), str)
    votes = columns.read(table)
    targets: np.ndarray = votes.fractions
    chosen = np.arange(len(ids))
    notes: tuple[str, ...] = ()
    if settings.target == "classes":
        targets = classify(settings.cuts, schema.tree, votes.fractions)
        if for_training:
            require_classes(settings.vote_cuts, settings.cuts, targets)
        notes = (describe_classes(settings.vote_cuts, settings.cuts, targets),)
        chosen = np.flatnonzero(targets != NO_CLASS)
    matched = match_images(found, ids, chosen, settings.on_bad_image)
    read = read_image_files(matched.images, settings)
    kept = matched.rows[read.kept]
    is_votes = settings.target == "votes"
    counts = None if votes.volunteers is None else votes.volunteers[kept]
    return ImageDataset(
        images=read.images,
        targets=targets[kept],
        ids=ids[kept],
        classes=schema.tree.answers if is_votes else tuple(settings.cuts.classes),
        split=np.full(len(kept), UNASSIGNED),
        pixels=read.pixels,
        framing=read.framing,
        invalid_share=read.invalid_share,
        skipped={**matched.skipped, **read.skipped},
        tree=schema.tree if is_votes else None,
        vote_counts=counts if is_votes else None,
        notes=notes,
    )
