from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.errors import UserError
from astroclf.files import read_csv


@pytest.fixture(scope="module")
def folder(train_run: Callable[..., Path]) -> Path:
    """Return the folder of an inspection without a model."""
    return train_run("task=inspect", "augment=sky", "inspect.ids=[sim-000007]")


def test_the_page_is_self_contained_and_describes_the_data(
    folder: Path, read_page: Callable[[Path], Any]
) -> None:
    page = read_page(folder / "inspect.html")
    page.check_self_contained()
    assert page.sections[:5] == ["chosen", "counts", "examples", "views", "leaks"]
    assert "sim-000007" in page.text
    assert "augment=sky, rotation True, shift_px 1.0" in page.text
    assert "augmented, view 6" in page.text


def test_class_counts_are_those_of_the_splits(folder: Path) -> None:
    split = read_csv(folder / "split.csv")
    for row in read_csv(folder / "class_counts.csv"):
        members = [each["split"] for each in split if each["target"] == row["class"]]
        assert int(row["all"]) == len(members)
        assert int(row["train"]) == members.count("train")


def test_inspection_trains_nothing(folder: Path) -> None:
    assert not (folder / "bundle").exists()
    assert not (folder / "checkpoint").exists()


def test_an_unknown_id_is_refused_with_similar_ones(train_run: Callable[..., Path]) -> None:
    with pytest.raises(
        UserError, match=r"inspect.ids=sim-00007: no image has that id. Similar ids: sim-0000"
    ):
        train_run("task=inspect", "inspect.ids=[sim-00007]")


def test_votes_are_shown_beside_images(
    train_run: Callable[..., Path], read_page: Callable[[Path], Any]
) -> None:
    folder = train_run("task=inspect", "dataset.target=votes", "inspect.ids=[sim-000001]")
    page = read_page(folder / "inspect.html")
    assert "Images per answer with most votes and split" in page.text
    means = [float(row["mean_vote"]) for row in read_csv(folder / "class_counts.csv")]
    assert len(means) == 5
    assert np.all((np.array(means) > 0) & (np.array(means) < 1))
