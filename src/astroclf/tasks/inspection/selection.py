"""Images that an inspection shows: by id, by class, and samples of a split."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np

from astroclf.data.dataset import TEST, VAL, ImageDataset
from astroclf.errors import UserError, counted, listed

SIMILAR = 3  # ids suggested for one that does not exist


def find_ids(dataset: ImageDataset, ids: Sequence[str]) -> np.ndarray:
    """Return the positions of the images with these ids, (n,) int64.

    Raise UserError for the first id that no image has, with similar ones.
    """
    known = {name: position for position, name in enumerate(dataset.ids.tolist())}
    for name in ids:
        if name not in known:
            raise UserError(
                f"inspect.ids={name}: no image has that id. {_similar(name, list(known))}"
            )
    return np.array([known[name] for name in ids], np.int64)


def _similar(name: str, ids: list[str]) -> str:
    """Return a sentence with ids that contain the name or resemble it, or with an example."""
    near = [each for each in ids if name in each][:SIMILAR]
    near = near or difflib.get_close_matches(name, ids, SIMILAR)
    return f"Similar ids: {listed(near)}." if near else f"Ids look like {ids[0]}."


def images_of_class(dataset: ImageDataset, k: int, most: int, seed: int) -> np.ndarray:
    """Return positions of random images of a class, or with most votes for an answer; fewer if there are
    not so many."""
    rng = np.random.default_rng([seed, k])
    members = rng.permutation(np.flatnonzero(dataset.leading == k))
    return members[:most]


def chosen_split(dataset: ImageDataset, wanted: str | None) -> str:
    """Return the split that a model is examined on: the wanted one, else test, else val, else the last.

    Raise UserError if there is no such split.
    """
    names = dataset.split_names
    if wanted is None:
        return next((name for name in (TEST, VAL) if name in names), names[-1])
    if wanted not in names:
        raise UserError(
            f"inspect.split={wanted}: the splits are {listed(names)}. Choose one of them."
        )
    return wanted


def describe_sample(split: str, n: int, n_all: int, seed: int) -> str:
    """Return the images in words: all of a split, or how many were sampled, and with which seed."""
    if n == n_all:
        return f"{counted(n, 'image')} of {split}"
    return f"{n:,} of {counted(n_all, 'image')} of {split}, sampled with seed {seed}"
