from __future__ import annotations

import numpy as np

from astroclf.data.duplicates.pictures import Pictures, find_none
from astroclf.data.picture_hashes import PictureHashes

RNG = np.random.default_rng(0)


def images_with_copies() -> np.ndarray:
    """Eight images of noise: 4 and 6 are equal to 1, 5 is 2 turned, 7 is 4 mirrored."""
    images = RNG.normal(size=(8, 1, 32, 32)).astype(np.float32)
    images[4] = images[6] = images[1]
    images[5] = np.rot90(images[2], 1, (1, 2))
    images[7] = images[4][:, ::-1]
    return images


def test_copies_exact_and_near_show_one_picture() -> None:
    numbers = Pictures(PictureHashes(images_with_copies())).numbers
    assert numbers.tolist() == [0, 1, 2, 3, 1, 2, 1, 1]


def test_identical_images_alone_show_one_picture_without_a_search() -> None:
    numbers = Pictures(PictureHashes(images_with_copies()), find_none).numbers
    assert numbers.tolist() == [0, 1, 2, 3, 1, 4, 1, 5]


def test_a_search_runs_once_and_compares_one_of_each_identical_set() -> None:
    calls = []

    def search(images: np.ndarray, kept: np.ndarray) -> np.ndarray:
        calls.append(kept.tolist())
        return np.array([[0, 3]])

    pictures = Pictures(PictureHashes(images_with_copies()), search)
    assert pictures.numbers[0] == pictures.numbers[3]
    assert pictures.numbers is pictures.numbers
    assert calls == [[0, 1, 2, 3, 5, 7]]
