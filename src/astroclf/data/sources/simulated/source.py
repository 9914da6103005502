"""Data set of simulated cutouts, drawn once and stored in the cache."""

from __future__ import annotations

import hashlib
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from astroclf.data.dataset import UNASSIGNED, ImageDataset
from astroclf.data.pixels import Pixels
from astroclf.data.sources.simulated import composite
from astroclf.data.sources.simulated.cutouts import (
    BANDS,
    CLASSES,
    GALAXY_ZOO_2,
    draw_cutout,
)
from astroclf.data.sources.simulated.sky import Canvas
from astroclf.data.sources.simulated.tree_votes import galaxy_zoo_2_tree
from astroclf.data.store import cached_dataset
from astroclf.settings import sections
from astroclf.settings.metrics import VOTES
from astroclf.vote_tree import VoteTree

VERSION = 1  # raised whenever the same settings give other images than before
BLOCK = 32  # images a thread draws in one go
NOT_DRAWN = {
    "cache",
    "val_fraction",
    "test_fraction",
    "split_seed",
    "near_duplicates",
    "on_leak",
}  # keys without effect on images

log = logging.getLogger(__name__)


def load(settings: sections.Simulated) -> ImageDataset:
    """Return the cutouts of `simulate`, as a read-only memory map of a file in the cache."""
    drawn = (VERSION, settings.model_dump_json(exclude=NOT_DRAWN))
    key = hashlib.blake2b(str(drawn).encode(), digest_size=10).hexdigest()
    stored = cached_dataset(Path(settings.cache), f"simulated-{key}", lambda: simulate(settings))
    return replace(stored, tree=tree_of(settings))


def simulate(settings: sections.Simulated) -> ImageDataset:
    """Return simulated cutouts, float32 (N, 3, image_px, image_px): linear flux in nmgy, sky subtracted.

    With `rgb` they are uint8 color composites (`composite.color_composite`).

    Each has an object within a pixel of its center: stars are Moffat profiles, galaxies are Sersic
    profiles, edge-on or spiral disks convolved with the same PSF. Classes are equally frequent, and
    have the same distributions of PSF, sky, neighbors and signal-to-noise. That is the matched-filter
    signal-to-noise of the object in r (formula in `sky.flux_at`), log-uniform in
    `settings.signal_to_noise`. With `target: votes` the targets are fractions of `votes.VOLUNTEERS`
    simulated answers; with `target: galaxy_zoo_2` they are votes on its tree, of a population of its own
    (`population`, `tree_votes`). Image i depends on the seed and on i, but not on `n_images`.
    """
    log.info("simulating %s images of %d px", f"{settings.n_images:,}", settings.image_px)
    count, px = settings.n_images, settings.image_px
    canvas = Canvas(px, settings.pixel_scale_arcsec)
    images = np.empty((count, len(BANDS), px, px), np.uint8 if settings.rgb else np.float32)
    tree = tree_of(settings)
    classes = CLASSES[settings.target] if tree is None else tree.answers
    votes = settings.target_kind == VOTES
    targets = np.empty((count, len(classes)), np.float32) if votes else np.empty(count, np.int64)
    volunteers = np.empty(count, np.float32)

    def fill(first: int) -> None:
        for index in range(first, min(first + BLOCK, count)):
            cutout = draw_cutout(index, canvas, settings)
            image = composite.color_composite(cutout.image) if settings.rgb else cutout.image
            images[index], targets[index] = image, cutout.target
            volunteers[index] = cutout.volunteers

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, range(0, count, BLOCK)))
    return ImageDataset(
        images=images,
        targets=targets,
        ids=np.array([f"sim-{index:06d}" for index in range(count)]),
        classes=classes,
        split=np.full(count, UNASSIGNED),
        pixels=pixels_of(settings),
        tree=tree,
        vote_counts=volunteers if votes else None,
    )


def pixels_of(settings: sections.Simulated) -> Pixels:
    """Return the meaning of the values: flux in g, r, i, or color composites."""
    if settings.rgb:
        return Pixels(composite.BANDS, settings.pixel_scale_arcsec, "asinh")
    return Pixels(BANDS, settings.pixel_scale_arcsec, "linear")


def tree_of(settings: sections.Simulated) -> VoteTree | None:
    """Return the tree that the votes follow, None for classes and for plain votes."""
    return galaxy_zoo_2_tree() if settings.target == GALAXY_ZOO_2 else None
