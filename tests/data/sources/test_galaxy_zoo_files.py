from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

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
    assert matched.names == [f"{each}.jpg" for each in ids]


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
