"""Reference of a finished training for its bundle."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from astroclf.bundle import Reference
from astroclf.data.dataset import TRAIN, VAL, ImageDataset
from astroclf.evaluation.novelty import (
    MOST_TRAIN,
    MOST_VAL,
    Novelty,
    choose_at_random,
    choose_evenly,
)
from astroclf.evaluation.results import Evaluation

log = logging.getLogger(__name__)


def reference_images(dataset: ImageDataset, seed: int) -> dict[str, np.ndarray]:
    """Return the images whose features are kept, counted in their split: split -> (n,) int64.

    Those of val are a random sample, since p-values count them.
    """
    train = dataset.leading[dataset.indices(TRAIN)]
    return {
        TRAIN: choose_evenly(train, MOST_TRAIN, seed),
        VAL: choose_at_random(len(dataset.indices(VAL)), MOST_VAL, seed),
    }


def make_reference(dataset: ImageDataset, evaluation: Evaluation, seed: int) -> Reference | None:
    """Return the reference of a model trained on the data set; None without an evaluation of val."""
    val = evaluation.splits.get(VAL)
    if val is None or val.logits is None:
        return None
    train, novelty = evaluation.splits.get(TRAIN), None
    if val.features is not None and train is not None and train.features is not None:
        rows = val.features.positions
        groups = None if val.labels.groups is None else val.labels.groups[rows]
        novelty = Novelty.fit(train.features.values, val.features.values, groups, seed)
        if novelty is not None and novelty.note:
            log.info(novelty.note)
    return replace(
        describe_images(dataset, val.logits, val.labels.targets),
        novelty=novelty,
        novelty_rows=None if val.features is None else val.features.positions,
    )


def describe_images(
    dataset: ImageDataset, val_logits: np.ndarray, val_targets: np.ndarray
) -> Reference:
    """Return the images of a data set with the outputs for those of val, as a reference without novelty."""
    used = np.flatnonzero(dataset.split != "")
    hashes = b"".join(dataset.picture_hashes[position] for position in used.tolist())
    return Reference(
        ids=dataset.ids[used].astype(str),
        split=dataset.split[used].astype(str),
        picture_hashes=np.frombuffer(hashes, np.uint8).reshape(-1, 16),
        groups=None if dataset.groups is None else dataset.groups[used].astype(str),
        sky_deg=None if dataset.sky_deg is None else dataset.sky_deg[used],
        neighbor_arcsec=dataset.neighbor_arcsec,
        val_logits=val_logits,
        val_targets=val_targets,
    )
