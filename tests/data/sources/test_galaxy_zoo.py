from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.data.sources.galaxy_zoo import load, load_labeled
from astroclf.errors import UserError
from astroclf.settings.schemas import read_schema
from fixtures.galaxy_zoo import write_challenge

Settings = Callable[..., Any]


@pytest.fixture
def settings(source_settings: Settings, tmp_path: Path) -> Settings:
    return lambda **values: source_settings("galaxy_zoo", root=str(tmp_path / "zoo"), **values)


def test_votes_with_their_tree(settings: Settings, tmp_path: Path) -> None:
    fractions = write_challenge(tmp_path / "zoo")
    dataset = load(settings())
    assert dataset.images.shape == (12, 3, 64, 64)
    assert dataset.targets == pytest.approx(fractions, abs=1e-6)
    assert dataset.ids.tolist() == [str(100_000 + number) for number in range(12)]
    assert dataset.tree == read_schema("galaxy_zoo_2").tree
    assert dataset.classes == dataset.tree.answers
    assert dataset.vote_counts is None


def test_classes_are_of_galaxies_that_pass_the_cuts(settings: Settings, tmp_path: Path) -> None:
    fractions = write_challenge(tmp_path / "zoo", n=40)
    dataset = load(settings(target="classes", vote_cuts="two_classes"))
    smooth, featured = fractions[:, 0] >= 0.8, fractions[:, 1] >= 0.8
    rows = np.flatnonzero(smooth | featured)
    assert dataset.ids.tolist() == [str(100_000 + row) for row in rows]
    assert dataset.classes == ("smooth", "featured")
    assert dataset.targets.tolist() == featured[rows].astype(int).tolist()
    assert dataset.tree is None
    assert f"{40 - len(rows)} of 40 galaxies are of no class and left out" in dataset.notes[0]


def test_a_class_without_galaxies_can_be_evaluated_but_not_trained(
    settings: Settings, tmp_path: Path
) -> None:
    write_challenge(tmp_path / "zoo", n=40)
    with pytest.raises(UserError, match=r"dataset\.vote_cuts=five_classes: none of 40 galaxies"):
        load(settings(target="classes"))
    assert len(load_labeled(settings(target="classes")).classes) == 5
