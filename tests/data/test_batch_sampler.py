from __future__ import annotations

import numpy as np
import pytest
import torch

from astroclf.data.augment import draw_views
from astroclf.data.batch_sampler import BatchSampler, Chunk, count_batches

POSITIONS = np.arange(100, 123)


def sampler(seed: int = 7, batch_size: int = 5) -> BatchSampler:
    return BatchSampler(POSITIONS, batch_size, seed, torch.device("cpu"))


def positions_of(chunks: list[Chunk]) -> list[list[int]]:
    for chunk in chunks:
        assert chunk.index.tolist() == chunk.positions.tolist()
    return [chunk.positions.tolist() for chunk in chunks]


@pytest.mark.parametrize(
    ("n_images", "batch_size", "expected"),
    [(17, 2, 8), (3, 2, 1), (16, 2, 8), (7, 3, 3), (17, 1, 17), (1, 8, 1), (0, 8, 0), (65, 64, 2)],
)
def test_no_batch_holds_a_single_image(n_images: int, batch_size: int, expected: int) -> None:
    assert count_batches(n_images, batch_size) == expected


def test_batches_in_order_are_those_of_the_data_set() -> None:
    expected = [each.tolist() for each in np.array_split(POSITIONS, 5)]
    assert positions_of(sampler().in_order()) == expected


def test_an_epoch_is_the_permutation_of_its_seed_and_number_from_any_batch() -> None:
    order = np.random.default_rng([7, 3]).permutation(POSITIONS)
    expected = [each.tolist() for each in np.array_split(order, 5)]
    assert positions_of(sampler().shuffled(3)) == expected
    assert positions_of(sampler().shuffled(3, first_batch=2)) == expected[2:]


def test_seeds_and_views_of_a_batch_do_not_depend_on_the_first_one() -> None:
    seeds = sampler().seeds(3)
    assert len(set(seeds)) == 5
    assert sampler().seeds(3, 2) == seeds[2:]
    views = sampler().views("dihedral", 3)
    for found, whole, seed in zip(
        sampler().views("dihedral", 3, 2), views[2:], seeds[2:], strict=True
    ):
        assert torch.equal(found, whole)
        assert torch.equal(found, draw_views("dihedral", len(found), seed))


def test_other_images_keep_seed_and_batch_size() -> None:
    other = sampler().at(np.arange(8))
    assert (other.seed, other.batch_size, other.n_batches, other.epoch_images) == (7, 5, 2, 8)
