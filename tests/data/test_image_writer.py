from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from astroclf.data.image_writer import ImageWriter


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("count", [0, 1, 13])
def test_appended_images_are_a_numpy_file(tmp_path: Path, count: int, dtype: type) -> None:
    images = np.random.default_rng(0).integers(0, 99, (count, 5, 7, 7)).astype(dtype)
    with ImageWriter(tmp_path, (5, 7, 7), np.dtype(dtype)) as writer:
        for image in images:
            writer.append(image.transpose(0, 2, 1).copy().transpose(0, 2, 1))  # any order in memory
    written = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert written.dtype == dtype
    np.testing.assert_array_equal(written, images)


@pytest.mark.parametrize("count", [1, 10**9])
@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 64, 64), (100, 10**5, 10**5)])
def test_the_header_fits_any_shape(tmp_path: Path, count: int, shape: tuple[int, ...]) -> None:
    with ImageWriter(tmp_path, shape, np.dtype(np.float32)) as writer:
        writer.count = count
    with (tmp_path / "images.npy").open("rb") as stream:
        np.lib.format.read_magic(stream)
        assert np.lib.format.read_array_header_1_0(stream)[0] == (count, *shape)
        assert stream.tell() == 128


def test_an_image_of_another_kind_is_an_error(tmp_path: Path) -> None:
    with ImageWriter(tmp_path, (1, 2, 2), np.dtype(np.uint8)) as writer:
        for image in (np.zeros((1, 2, 3), np.uint8), np.zeros((1, 2, 2), np.float32)):
            with pytest.raises(ValueError, match="an image"):
                writer.append(image)


def test_a_failed_read_leaves_no_valid_file(tmp_path: Path) -> None:
    with suppress(RuntimeError), ImageWriter(tmp_path, (1, 2, 2), np.dtype(np.uint8)) as writer:
        writer.append(np.zeros((1, 2, 2), np.uint8))
        raise RuntimeError
    with pytest.raises(ValueError, match="pickle"):
        np.load(tmp_path / "images.npy")
