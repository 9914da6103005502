from __future__ import annotations

import hashlib

import numpy as np
import pytest

from astroclf.data import picture_hashes as module
from astroclf.data.picture_hashes import PictureHashes, hash_pictures


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(11, 3, 8, 8)).astype(np.float32)


@pytest.mark.parametrize("chunk_bytes", [1, 2000, 2**25])
def test_a_hash_is_of_the_bytes_of_one_image(
    images: np.ndarray, chunk_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", chunk_bytes)
    expected = [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images]
    assert [row.tobytes() for row in hash_pictures(images)] == expected


def test_hashes_do_not_depend_on_the_order_in_memory(images: np.ndarray) -> None:
    channels_last = np.ascontiguousarray(images.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(hash_pictures(channels_last), hash_pictures(images))


def test_hashes_are_computed_once_by_the_function_of_the_source(images: np.ndarray) -> None:
    calls = []

    def compute(given: np.ndarray) -> np.ndarray:
        calls.append(given)
        return hash_pictures(given)

    hashes = PictureHashes(images, compute)
    assert calls == []
    assert hashes.values == PictureHashes(images).values
    assert hashes.values is hashes.values
    assert len(calls) == 1


def test_no_images_have_no_hashes() -> None:
    assert PictureHashes(np.empty((0, 3, 8, 8), np.uint8)).values == ()
