"""Leaks: copies of a picture, group members and neighbors on the sky in more than one split."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.data.groups import linked_images
from astroclf.data.neighbors import find_neighbors
from astroclf.files import write_csv

NOUNS = {
    "pixels": ("identical picture", "identical pictures"),
    "similar": ("near-duplicate", "near-duplicates"),
    "group": ("group", "groups"),
    "sky": ("pair of neighbors on the sky", "pairs of neighbors on the sky"),
}
Kind = Literal["pixels", "similar", "group", "sky"]
EXAMPLES = 3  # images that a warning names


@dataclass(frozen=True)
class Leak:
    """Images in more than one split that are not independent of each other.

    what: `pixels` (identical in every pixel), `similar` (one picture in another orientation, compression,
    noise, size or brightness), `group`, or `sky` (neighbors on the sky).
    ids, splits: of each of the images, in the order of the data set.
    """

    what: Kind
    ids: tuple[str, ...]
    splits: tuple[str, ...]


@lru_cache(maxsize=1)  # the checks before a training and its evaluation search the same data set
def find_leaks(dataset: ImageDataset) -> tuple[Leak, ...]:
    """Return the sets of identical images, near-duplicates and groups, and the pairs of neighbors on the
    sky, that are in more than one split.

    Images in no split ("") are ignored. A group that is only a chain of copies and neighbors is reported
    as these alone, and a set of near-duplicates that are identical as such.
    """
    leaks = _across_splits("pixels", dataset.picture_hashes, dataset)
    identical = {leak.ids for leak in leaks}
    similar = _across_splits("similar", dataset.picture_numbers.tolist(), dataset)
    leaks += [leak for leak in similar if leak.ids not in identical]
    if dataset.groups is not None:
        linked = dict(zip(dataset.ids.tolist(), linked_images(dataset).tolist(), strict=True))
        groups = _across_splits("group", dataset.groups.tolist(), dataset)
        leaks += [leak for leak in groups if len({linked[identity] for identity in leak.ids}) > 1]
    if dataset.sky_deg is not None:
        leaks += _neighbors_across_splits(dataset.sky_deg, dataset)
    return tuple(leaks)


def overlaps_train(dataset: ImageDataset, leaks: Sequence[Leak]) -> np.ndarray:
    """Return (N,) bool: images outside of train that are a copy, neighbor or group member of one in
    train.

    leaks: of `find_leaks`.
    """
    leaked = {
        identity
        for leak in leaks
        if TRAIN in leak.splits
        for identity, split in zip(leak.ids, leak.splits, strict=True)
        if split != TRAIN
    }
    return np.array([identity in leaked for identity in dataset.ids.tolist()], dtype=bool)


def leak_warning(leaks: Sequence[Leak]) -> str:
    """Return one sentence with the number of leaks of each kind and examples."""
    found = []
    for what, (one, many) in NOUNS.items():
        of_kind = [leak for leak in leaks if leak.what == what]
        if of_kind:
            examples = ", ".join(_example(leak) for leak in of_kind[:EXAMPLES])
            noun = one if len(of_kind) == 1 else many
            found.append(f"{len(of_kind):,} {noun} ({examples})")
    return (
        f"More than one split holds {' and '.join(found)}: scores on val and test will be too good."
    )


def write_leaks(leaks: Sequence[Leak], file: Path) -> None:
    """Write a CSV with one row per image: leak (its number), what, id, split."""
    rows = [
        (number, leak.what, identity, split)
        for number, leak in enumerate(leaks, start=1)
        for identity, split in zip(leak.ids, leak.splits, strict=True)
    ]
    write_csv(file, ("leak", "what", "id", "split"), rows)


def _neighbors_across_splits(sky_deg: np.ndarray, dataset: ImageDataset) -> list[Leak]:
    pairs = find_neighbors(sky_deg, dataset.neighbor_arcsec)
    first, second = dataset.split[pairs[:, 0]], dataset.split[pairs[:, 1]]
    leaking = pairs[(first != second) & (first != "") & (second != "")]
    return [
        Leak("sky", tuple(dataset.ids[pair].tolist()), tuple(dataset.split[pair].tolist()))
        for pair in leaking
    ]


def _across_splits(what: Kind, keys: Iterable[Hashable], dataset: ImageDataset) -> list[Leak]:
    members: dict[Hashable, list[int]] = {}
    for position, key in enumerate(keys):
        if dataset.split[position] != "":
            members.setdefault(key, []).append(position)
    leaks = []
    for positions in members.values():
        splits = tuple(dataset.split[positions].tolist())
        if len(positions) > 1 and len(set(splits)) > 1:
            leaks.append(Leak(what, tuple(dataset.ids[positions].tolist()), splits))
    return leaks


def _example(leak: Leak) -> str:
    """Return one image of each of the first two splits, as text."""
    other = next(i for i, split in enumerate(leak.splits) if split != leak.splits[0])
    return f"{leak.ids[0]} in {leak.splits[0]} and {leak.ids[other]} in {leak.splits[other]}"
