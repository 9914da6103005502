from __future__ import annotations

from collections import Counter

import pytest

from astroclf.data.file_pattern import FilePattern

BANDS = ("g", "r", "F814W", "F8")


@pytest.mark.parametrize(
    ("text", "path", "image", "band", "id"),
    [
        ("s-{band}-{id}.fits", "a/s-r-1.5-2.fits", "a/s-{band}-1.5-2.fits", "r", "1.5-2"),
        ("{id}_{band}.fits", "GDS_1_F814W.fits", "GDS_1_{band}.fits", "F814W", "GDS_1"),
        ("{id}/{band}.fit", "x/y/9/g.fit", "x/y/9/{band}.fit", "g", "9"),
        ("{band}/s-{band}-{id}.fits", "r/s-r-1.fits", "{band}/s-{band}-1.fits", "r", "1"),
        (
            "s{band}-{ra}-{dec}.gz",
            "sg-187.5--2.03.gz",
            "s{band}-187.5--2.03.gz",
            "g",
            "187.5_-2.03",
        ),
    ],
)
def test_paths_are_split_into_image_band_and_id(
    text: str, path: str, image: str, band: str, id: str
) -> None:
    pattern = FilePattern(text, BANDS)
    found = pattern.match(path)
    assert found is not None
    assert (found.image, found.band, found.id) == (image, band, id)
    assert pattern.id_of(image) == id
    assert path in pattern.files_of(image)


@pytest.mark.parametrize(
    "path", ["cat-1.fits", "stamp-x-1.fits", "stamp-r-1.fits.gz", "stamp-F81-1.fits", "r/stamp-r-"]
)
def test_other_paths_do_not_match(path: str) -> None:
    assert FilePattern("stamp-{band}-{id}.fits", BANDS).match(path) is None


def test_two_bands_in_one_path_must_agree() -> None:
    assert FilePattern("{band}/s-{band}-{id}.fits", BANDS).match("r/s-g-1.fits") is None


def test_each_image_is_found_once_and_other_files_are_counted() -> None:
    pattern, left_out = FilePattern("s-{band}-{id}.fits", BANDS), Counter[str]()
    paths = ["s-g-1.fits", "s-r-1.fits", "cat-1.fits", "s-r-2.fits", "cat-2.fits"]
    assert [*pattern.images_among(paths, left_out)] == ["s-{band}-1.fits", "s-{band}-2.fits"]
    assert left_out == {"not of the pattern s-{band}-{id}.fits": 2}
