from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.data.sources.galaxy_zoo import load
from astroclf.data.sources.galaxy_zoo_files import find_files, match_images
from astroclf.errors import UserError
from fixtures.galaxy_zoo import write_challenge

ROWS = np.arange(12)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_challenge(tmp_path)
    return tmp_path


@pytest.fixture
def ids() -> np.ndarray:
    return np.array([str(100_000 + number) for number in ROWS])


def test_images_are_found_by_the_ids_of_the_table(root: Path, ids: np.ndarray) -> None:
    found = find_files(str(root))
    assert found.table == root / "training_solutions_rev1.csv"
    matched = match_images(found, ids, ROWS, "stop")
    assert matched.rows.tolist() == ROWS.tolist()
    assert [each.name for each in matched.images] == [f"{each}.jpg" for each in ids]


def test_galaxies_without_image_are_refused_or_skipped(root: Path, ids: np.ndarray) -> None:
    (root / "images_training_rev1/100003.jpg").unlink()
    found = find_files(str(root))
    with pytest.raises(UserError) as refused:
        match_images(found, ids, ROWS, "stop")
    assert "1 of 12 galaxies of training_solutions_rev1.csv have no image in" in str(refused.value)
    assert ": 100003. Add the images, or set dataset.on_bad_image=skip" in str(refused.value)
    matched = match_images(found, ids, ROWS, "skip")
    assert matched.rows.tolist() == [0, 1, 2, *range(4, 12)]
    assert matched.skipped == {"100003": "no image of this galaxy"}


def test_images_without_row_are_left_out_with_a_warning(
    root: Path, ids: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    match_images(find_files(str(root)), ids[:10], ROWS[:10], "stop")
    assert "2 of 12 images" in caplog.text
    assert "100010.jpg, 100011.jpg" in caplog.text


def test_repeated_ids_are_refused(root: Path, ids: np.ndarray) -> None:
    with pytest.raises(UserError, match=r"1 ids are in several rows of .*: 100000\. Keep one row"):
        match_images(find_files(str(root)), np.append(ids, "100000"), ROWS, "stop")


def test_a_folder_without_the_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "images_training_rev1").mkdir()
    with pytest.raises(
        UserError, match=r"training_solutions_rev1\.csv is missing; there is images_"
    ):
        find_files(str(tmp_path))


def pack(file: Path, folder: Path, names: list[str]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.write(folder / name, name)


def image_names(root: Path) -> list[str]:
    return [str(each.relative_to(root)) for each in (root / "images_training_rev1").iterdir()]


def test_zipped_images_are_the_images_of_the_folder(
    root: Path, source_settings: Callable[..., Any]
) -> None:
    plain = load(source_settings("galaxy_zoo", root=str(root)))
    zipped, whole = root / "zipped", root / "whole.zip"
    zipped.mkdir()
    pack(zipped / "training_solutions_rev1.zip", root, ["training_solutions_rev1.csv"])
    pack(zipped / "images_training_rev1.zip", root, image_names(root))
    pack(whole, root, ["training_solutions_rev1.csv", *image_names(root)])
    for place in (zipped, whole):
        dataset = load(source_settings("galaxy_zoo", root=str(place)))
        assert np.array_equal(dataset.images, plain.images)
        assert np.array_equal(dataset.targets, plain.targets)
        assert dataset.ids.tolist() == plain.ids.tolist()


def test_a_damaged_member_is_a_bad_image(root: Path, source_settings: Callable[..., Any]) -> None:
    pack(root / "images_training_rev1.zip", root, image_names(root))
    shutil.rmtree(root / "images_training_rev1")
    file = root / "images_training_rev1.zip"
    content = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        damaged = archive.infolist()[0]
    content[damaged.header_offset + 200] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"1 of 12 images cannot be used: .*damaged member"):
        load(source_settings("galaxy_zoo", root=str(root)))
    assert len(load(source_settings("galaxy_zoo", root=str(root), on_bad_image="skip"))) == 11


def test_an_archive_of_archives_is_refused(root: Path) -> None:
    pack(root / "images_training_rev1.zip", root, image_names(root))
    pack(root / "all.zip", root, ["images_training_rev1.zip", "training_solutions_rev1.csv"])
    with pytest.raises(UserError, match=r"holds archives: images_training_rev1\.zip\. Unpack it"):
        find_files(str(root / "all.zip"))


def test_a_path_outside_of_the_archive_is_refused(root: Path) -> None:
    with zipfile.ZipFile(root / "all.zip", "w") as archive:
        archive.writestr("../100000.jpg", b"")
    with pytest.raises(UserError, match=r"a member with a path outside of it, \.\./100000"):
        find_files(str(root / "all.zip"))
