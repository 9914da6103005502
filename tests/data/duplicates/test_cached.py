from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroclf.data.duplicates import cached
from astroclf.data.duplicates.cached import cached_pictures
from astroclf.data.picture_hashes import PictureHashes

IMAGES = np.random.default_rng(0).normal(size=(4, 1, 32, 32)).astype(np.float32)
IMAGES[3] = np.rot90(IMAGES[0], 2, (1, 2))
NUMBERS = [0, 1, 2, 0]


def numbers_of(cache: Path, images: np.ndarray = IMAGES) -> list[int]:
    pictures = cached_pictures(PictureHashes(images), cache, near_duplicates=True)
    numbers: list[int] = pictures.numbers.tolist()
    return numbers


def test_images_are_searched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert numbers_of(tmp_path) == NUMBERS
    with monkeypatch.context() as patched:
        patched.setattr(cached, "find_similar", lambda images, kept: pytest.fail("searched again"))
        assert numbers_of(tmp_path) == NUMBERS
    assert numbers_of(tmp_path, IMAGES[1:]) == [0, 1, 2]


@pytest.mark.parametrize("content", ["", "{}", '{"pairs": [[0, 1]]}'])
def test_a_damaged_entry_is_made_again(tmp_path: Path, content: str) -> None:
    numbers_of(tmp_path)
    (entry,) = tmp_path.glob("similar-*.json")
    entry.write_text(content)
    assert numbers_of(tmp_path) == NUMBERS


def test_without_near_duplicates_nothing_is_searched_or_written(tmp_path: Path) -> None:
    pictures = cached_pictures(PictureHashes(IMAGES), tmp_path, near_duplicates=False)
    assert pictures.numbers.tolist() == [0, 1, 2, 3]
    assert not list(tmp_path.iterdir())
