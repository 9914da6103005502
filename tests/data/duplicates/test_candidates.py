from __future__ import annotations

import numpy as np

from astroclf.data.duplicates.candidates import find_candidates

RNG = np.random.default_rng(0)


def unit(values: np.ndarray) -> np.ndarray:
    scaled: np.ndarray = values / np.linalg.norm(values, axis=1, keepdims=True)
    return scaled.astype(np.float32)


def test_hashing_finds_the_pairs_of_an_exhaustive_search() -> None:
    vectors = unit(RNG.normal(size=(3000, 136)))
    vectors[1500:1700] = unit(vectors[:200] + 0.06 * RNG.normal(size=(200, 136)))  # cosine 0.82
    cosine = vectors @ vectors.T
    exhaustive = np.argwhere(np.triu(cosine > 0.7, 1))
    found = set(map(tuple, find_candidates(vectors).tolist()))
    assert len(exhaustive) == 200
    assert set(map(tuple, exhaustive.tolist())) <= found
    assert len(found) < 400


def test_what_all_images_share_makes_no_candidates() -> None:
    shared = RNG.normal(size=136)
    vectors = unit(shared + 0.5 * RNG.normal(size=(4000, 136)))
    assert (vectors[0] @ vectors[1]) > 0.6
    assert len(find_candidates(vectors)) < 4000


def test_two_copies_alone_are_a_candidate() -> None:
    vectors = unit(RNG.normal(size=(1, 136)))
    assert find_candidates(np.concatenate([vectors, vectors])).tolist() == [[0, 1]]
