from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroclf.data.sources.vote_table import VoteColumns, Votes
from astroclf.errors import UserError
from astroclf.settings.schemas import read_schema
from astroclf.tables import read_table
from conftest import SHARED_DATA
from fixtures.galaxy_zoo import draw_fractions, write_table

SCHEMA = read_schema("galaxy_zoo_2")
TREE = SCHEMA.tree
IDS = ["007", "008", "1237645877936062584"]


def read(file: Path, name: str = "galaxy_zoo_2", tolerance: float = 0.01) -> Votes:
    columns = VoteColumns(name, read_schema(name), tolerance)
    columns.require("dataset.table", file)
    return columns.read(read_table("dataset.table", file, columns.wanted()))


def test_votes_of_a_table(tmp_path: Path) -> None:
    fractions = draw_fractions(TREE, 3)
    write_table(tmp_path / "votes.csv", IDS, list(TREE.answers), fractions)
    votes = read(tmp_path / "votes.csv")
    assert votes.fractions == pytest.approx(fractions, abs=1e-6)
    assert votes.fractions.dtype == np.float32
    assert votes.volunteers is None


def test_votes_that_contradict_the_tree_are_refused(tmp_path: Path) -> None:
    fractions = draw_fractions(TREE, 3)
    fractions[1, TREE.positions(["Class2.1", "Class2.2"])] = 0.5
    fractions[1, TREE.positions(["Class1.1", "Class1.2", "Class1.3"])] = [0.5, 0.5, 0]
    write_table(tmp_path / "votes.csv", IDS, list(TREE.answers), fractions)
    with pytest.raises(UserError) as refused:
        read(tmp_path / "votes.csv")
    message = str(refused.value)
    assert (
        "the votes of 1 of 3 galaxies contradict the tree, line 3: in the first, the answers to"
        in message
    )
    assert "raise dataset.vote_tolerance=0.01" in message


def test_a_difference_within_the_tolerance_passes(tmp_path: Path) -> None:
    fractions = draw_fractions(TREE, 3)
    fractions[:, 0] = np.maximum(fractions[:, 0] - 0.02, 0)
    write_table(tmp_path / "votes.csv", IDS, list(TREE.answers), fractions)
    assert read(tmp_path / "votes.csv", tolerance=0.05).fractions.shape == (3, 37)


def test_counts_give_fractions_and_the_number_of_volunteers(tmp_path: Path) -> None:
    schema = read_schema("galaxy_zoo_decals")
    tree = schema.tree
    rng = np.random.default_rng(0)
    fractions = draw_fractions(tree, 3)
    counts = np.rint(rng.integers(20, 60, (3, 1)) * fractions)
    total = counts[:, :3].sum(axis=1)
    write_table(
        tmp_path / "votes.csv",
        IDS,
        [*tree.answers, str(schema.count_column)],
        np.column_stack([counts, total]),
    )
    votes = read(tmp_path / "votes.csv", "galaxy_zoo_decals", tolerance=0.1)
    assert votes.volunteers == pytest.approx(total)
    assert votes.fractions[:, :3] * total[:, None] == pytest.approx(counts[:, :3], abs=1e-4)


def test_a_schema_of_another_table_is_refused_with_the_one_that_fits(tmp_path: Path) -> None:
    write_table(tmp_path / "votes.csv", IDS, list(TREE.answers), draw_fractions(TREE, 3))
    with pytest.raises(UserError) as refused:
        read(tmp_path / "votes.csv", "galaxy_zoo_decals")
    assert "35 of its 35 columns are missing" in str(refused.value)
    assert str(refused.value).endswith("Set dataset.vote_schema=galaxy_zoo_2.")


def test_values_that_are_no_fractions_are_refused(tmp_path: Path) -> None:
    fractions = draw_fractions(TREE, 3)
    fractions[2, 4] = 1.5
    write_table(tmp_path / "votes.csv", IDS, list(TREE.answers), fractions)
    with pytest.raises(UserError, match=r"values of 1 row are not fractions.* 1\.5 in Class2\.2"):
        read(tmp_path / "votes.csv")


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="real votes are absent")
@pytest.mark.parametrize(
    ("name", "rows"), [("training_solutions_rev1", 203), ("votes_without_images", 11_919)]
)
def test_real_votes_follow_the_tree_to_five_digits(name: str, rows: int) -> None:
    votes = read(SHARED_DATA / f"galaxy_zoo_votes/{name}.csv", tolerance=1e-5)
    assert votes.fractions.shape == (rows, 37)
