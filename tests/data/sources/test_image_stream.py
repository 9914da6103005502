from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from astroclf.data.formats import BadImage
from astroclf.data.sources.files import ReadFiles
from astroclf.data.sources.image_stream import (
    ImageStream,
    Item,
    oriented,
    picture_of,
    read_stream,
)
from astroclf.errors import UserError
from astroclf.settings import Settings

COLOR = np.random.default_rng(0).integers(0, 256, (6, 10, 10, 3), np.uint8)

Read = Callable[..., ReadFiles]


def png(picture: np.ndarray) -> bytes:
    stream = BytesIO()
    Image.fromarray(picture).save(stream, "png")
    return stream.getvalue()


@pytest.fixture
def read(settings: Callable[..., Settings], tmp_path: Path) -> Read:
    """read(items, *overrides): the images of a stream."""

    def load(items: list[Item], *overrides: str, key: str = "a") -> ReadFiles:
        of = ("dataset=hdf5", "dataset.file=a.h5", f"dataset.cache={tmp_path}")
        section = settings(*of, *overrides).dataset
        return read_stream(ImageStream("source", "image", None, key, lambda: iter(items)), section)

    return load


def test_files_and_arrays_give_the_same_images(read: Read) -> None:
    files = read([png(picture) for picture in COLOR], key="files")
    arrays = read(list(COLOR.transpose(0, 3, 1, 2)), key="arrays")
    np.testing.assert_array_equal(files.images, COLOR.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(arrays.images, files.images)
    assert arrays.framing == files.framing
    assert arrays.kept.tolist() == list(range(6))


def test_rows_without_a_like_image_are_skipped_with_their_reason(read: Read) -> None:
    items = [None, png(COLOR[0]), b"no image", png(COLOR[1, :9, :9]), png(COLOR[2, ..., 0]), png(COLOR[3])]  # fmt: skip
    result = read(items, "dataset.on_bad_image=skip", key="bad")
    assert result.kept.tolist() == [1, 5]
    np.testing.assert_array_equal(result.images, COLOR[[0, 3]].transpose(0, 3, 1, 2))
    assert result.skipped["image[0]"] == "no image in this row"
    assert result.skipped["image[3]"] == "9 px, unlike the first image (10 px)"
    assert result.skipped["image[4]"] == "bands gray, unlike the first image (red, green, blue)"
    assert list(result.skipped) == ["image[0]", "image[2]", "image[3]", "image[4]"]
    with pytest.raises(UserError, match=r"4 of 6 images cannot be used: image\[0\]"):
        read(items, key="bad")


def test_bands_are_chosen_by_name_or_number(read: Read) -> None:
    flux = list(np.random.default_rng(1).normal(size=(3, 5, 8, 8)).astype(np.float32))
    named = read(flux, "dataset.bands=[u,g,r,i,z]", key="flux")
    assert named.pixels.bands == ("u", "g", "r", "i", "z")
    np.testing.assert_array_equal(named.images, flux)
    two = read(flux, "dataset.bands={z: 5, g: 2}", key="flux")
    assert two.pixels.bands == ("z", "g")
    np.testing.assert_array_equal(two.images, np.stack(flux)[:, [4, 1]])


def test_invalid_pixels_are_replaced_and_counted(read: Read) -> None:
    flux = np.random.default_rng(1).normal(10, 1, (3, 1, 8, 8)).astype(np.float32)
    flux[1, 0, 2, 3] = np.nan
    result = read(list(flux), key="invalid")
    np.testing.assert_allclose(result.invalid_share, [0, 1 / 64, 0])
    assert abs(result.images[1, 0, 2, 3] - 10) < 1
    np.testing.assert_array_equal(result.images[[0, 2]], flux[[0, 2]])


@pytest.mark.parametrize(
    ("shape", "axes", "expected"),
    [((8, 8), "auto", (1, 8, 8)), ((8, 8, 2), "auto", (2, 8, 8)), ((2, 8, 8), "auto", (2, 8, 8)),
     ((8, 8, 8), "nhwc", (8, 8, 8)), ((2, 3, 4), "nchw", (2, 3, 4))],
)  # fmt: skip
def test_arrays_have_their_bands_first(
    shape: tuple[int, ...], axes: Literal["auto", "nchw", "nhwc"], expected: tuple[int, ...]
) -> None:
    found = oriented(np.zeros(shape), axes)
    assert isinstance(found, np.ndarray)
    assert found.shape == expected


def test_arrays_of_an_unknown_order_have_a_reason() -> None:
    assert str(oriented(np.zeros((8, 8, 8)), "auto")) == (
        "8 x 8 x 8 values, in which bands and rows are ambiguous: set dataset.axes"
    )
    assert oriented(None, "auto") is None


def test_the_stream_is_read_once(read: Read) -> None:
    def once() -> Iterator[Item]:
        yield from COLOR.transpose(0, 3, 1, 2)

    items = once()
    first = read(items)  # type: ignore[arg-type]
    np.testing.assert_array_equal(read(items).images, first.images)  # type: ignore[arg-type]


@pytest.mark.parametrize("items", [[], [None, b""], [b"no image"] * 3])
def test_a_source_without_images_is_refused(read: Read, items: list[Item]) -> None:
    with pytest.raises(UserError, match=r"source: none of \d images? can be used"):
        read(items)


def test_an_array_beyond_the_limit_is_a_bad_image(settings: Callable[..., Settings]) -> None:
    section = settings("dataset=hdf5", "dataset.file=a.h5", "dataset.max_megapixels=0.0001").dataset
    with pytest.raises(BadImage, match=r"over the limit of 0\.0001 megapixels"):
        picture_of(COLOR[0].transpose(2, 0, 1), section)
