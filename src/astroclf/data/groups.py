"""Groups of dependent images, and random splits that keep each group in one split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.neighbors import find_neighbors

# One random draw may miss the class proportions by chance, but hardly with many groups.
DRAWS, FEW_GROUPS = 8, 5_000


def dependent_groups(dataset: ImageDataset, pools: np.ndarray) -> np.ndarray | None:
    """Return the group of each image, (N,) str, or None if every image is independent.

    A group is a connected component of images: of one group of the source or, within a pool, neighbors
    on the sky or copies of one picture, exact or near.

    pools: (N,) str, equal for images that are drawn from, or evaluated, together.
    """
    component = _connect(dataset, _source_links(dataset), *_image_links(dataset, pools))
    if dataset.groups is None and len(np.unique(component)) == len(dataset):
        return None
    names = np.array([f"linked-{number}" for number in range(len(dataset))], object)
    if dataset.groups is not None:
        _, first = np.unique(component, return_index=True)
        names = dataset.groups[first]
    return names[component].astype(str)


def linked_images(dataset: ImageDataset) -> np.ndarray:
    """Return (N,) int: the connected component of each image by common pictures or shared sky."""
    return _connect(dataset, *_image_links(dataset, np.zeros(len(dataset))))


def draw_groups(
    groups: np.ndarray,
    strata: np.ndarray,
    fractions: dict[str, float],
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the split of each image, (n,) object, with each group in one split.

    fractions: of all splits, which sum to 1; the first split gives a group to each that is left empty.

    Groups are assigned from the largest to the smallest, in random order for equal sizes. For splits
    of equal size, a group is assigned to the one that lacks most of its images, by class and in all.
    For splits of different size, the largest would always get the large groups; a group is then drawn
    into one with a probability proportional to what it lacks, and the best balanced of a few such
    draws is returned.
    """
    names = [name for name, fraction in fractions.items() if fraction > 0]
    wanted = np.array([fractions[name] for name in names])
    _, group = np.unique(groups, return_inverse=True)
    shares = _shares(group, strata)
    at_random = len(set(wanted.tolist())) > 1
    draws = DRAWS if at_random and len(shares) <= FEW_GROUPS else 1
    assigned = min(
        (_assign(shares, wanted, rng, at_random=at_random) for _ in range(draws)),
        key=lambda drawn: _imbalance(drawn, shares, wanted),
    )
    return np.array(names, object)[assigned[group]]


def _shares(group: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """Return (groups, classes + 1): the share of each class, and of all images, in each group."""
    _, stratum = np.unique(strata, return_inverse=True)
    shares = np.zeros((group.max() + 1, stratum.max() + 1))
    np.add.at(shares, (group, stratum), 1 / np.bincount(stratum)[stratum])
    return np.hstack([shares, np.bincount(group)[:, None] / len(group)])


def _assign(
    shares: np.ndarray, wanted: np.ndarray, rng: np.random.Generator, *, at_random: bool
) -> np.ndarray:
    """Return the number of the split of each group, (groups,) int."""
    lacking = np.repeat(wanted[:, None], shares.shape[1], axis=1)  # (splits, classes + 1)
    assigned = np.zeros(len(shares), int)
    shuffled = rng.permutation(len(shares))
    chances = rng.random(len(shares))
    for g in shuffled[np.argsort(-shares[shuffled, -1], kind="stable")]:
        need = lacking @ shares[g]
        has_room = lacking[:, -1] >= shares[g, -1] - 1e-9
        odds = np.where(has_room, np.maximum(need, 0), 0).cumsum()
        if at_random and odds[-1] > 0:
            assigned[g] = np.searchsorted(odds, chances[g] * odds[-1], side="right")
        else:
            assigned[g] = np.argmax(need)
        lacking[assigned[g]] -= shares[g]
    _fill_empty(assigned, shares[:, -1], len(wanted))
    return assigned


def _imbalance(assigned: np.ndarray, shares: np.ndarray, wanted: np.ndarray) -> float:
    """Return the largest difference between the share of a class in a split and the wanted one."""
    found = np.stack([shares[assigned == split].sum(axis=0) for split in range(len(wanted))])
    return float(np.abs(found - wanted[:, None]).max())


def _fill_empty(assigned: np.ndarray, sizes: np.ndarray, n_splits: int) -> None:
    """Move the smallest group of the first split into each split that few large groups left empty."""
    for split in range(1, n_splits):
        in_first = np.flatnonzero(assigned == 0)
        if not (assigned == split).any() and len(in_first) > 1:
            assigned[in_first[np.argmin(sizes[in_first])]] = split


def _connect(dataset: ImageDataset, *links: np.ndarray) -> np.ndarray:
    """Return (N,) int: the connected component of each image under pairs (P, 2) of positions."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, second = np.concatenate(links).T
    matrix = coo_array((np.ones(len(first)), (first, second)), shape=(len(dataset),) * 2)
    component: np.ndarray = connected_components(matrix, directed=False)[1]
    return component


def _source_links(dataset: ImageDataset) -> np.ndarray:
    return _pair_equal([] if dataset.groups is None else dataset.groups.tolist())


def _image_links(dataset: ImageDataset, pools: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of images of one picture, and pairs of neighbors on the sky, of one pool.

    Images of a single value, such as empty ones, are not connected.
    """
    equal = _pair_equal(list(zip(dataset.picture_numbers.tolist(), pools.tolist(), strict=True)))
    firsts = np.unique(equal[:, 0])  # every pair of copies holds the first of its kind
    has_content = [dataset.images[i].min() != dataset.images[i].max() for i in firsts]
    equal = equal[np.isin(equal[:, 0], firsts[np.array(has_content, bool)])]
    if dataset.sky_deg is None:
        return equal, equal[:0]
    near = find_neighbors(dataset.sky_deg, dataset.neighbor_arcsec)
    return equal, near[pools[near[:, 0]] == pools[near[:, 1]]]


def _pair_equal(keys: Sequence[object]) -> np.ndarray:
    """Return (P, 2) int64: each position but the first of a key, with that first one."""
    first: dict[object, int] = {}
    pairs = [(first.setdefault(key, i), i) for i, key in enumerate(keys)]
    return np.array([pair for pair in pairs if pair[0] != pair[1]], np.int64).reshape(-1, 2)
