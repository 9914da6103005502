from __future__ import annotations

import csv

import numpy as np
import pytest

from astroclf.data.sources.vote_cuts import NO_CLASS, classify, require_classes
from astroclf.errors import UserError
from astroclf.settings.schemas import read_schema
from conftest import SHARED_DATA

SCHEMA = read_schema("galaxy_zoo_2")


def votes(**shares: float) -> np.ndarray:
    """Votes with the given fractions, such as Class1_1=0.8, and 0 elsewhere."""
    row = np.zeros((1, 37), np.float32)
    for name, share in shares.items():
        row[0, SCHEMA.tree.positions([name.replace("_", ".")])] = share
    return row


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (votes(Class1_1=0.469, Class7_1=0.5), "completely_round"),
        (votes(Class1_1=0.6, Class7_2=0.55), "in_between"),
        (votes(Class1_1=0.9, Class7_3=0.6), "cigar"),
        (votes(Class1_2=0.7, Class2_1=0.602), "edge_on"),
        (votes(Class1_2=0.8, Class2_2=0.715, Class4_1=0.619), "spiral"),
        (votes(Class1_2=0.8, Class2_2=0.715, Class4_1=0.6), None),
        (votes(Class1_1=0.5, Class7_1=0.5, Class7_2=0.5), None),
    ],
)
def test_cuts_of_five_classes(row: np.ndarray, name: str | None) -> None:
    cuts = SCHEMA.cuts["five_classes"]
    position = NO_CLASS if name is None else list(cuts.classes).index(name)
    assert classify(cuts, SCHEMA.tree, row).tolist() == [position]


def test_a_class_without_galaxies_is_refused() -> None:
    with pytest.raises(UserError, match=r"none of 2 galaxies is of class featured\. Give more"):
        require_classes("two_classes", SCHEMA.cuts["two_classes"], np.array([0, NO_CLASS]))


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="real votes are absent")
def test_real_votes_have_their_published_classes() -> None:
    with (SHARED_DATA / "galaxy_zoo/classes.csv").open() as stream:
        published = {row["GalaxyID"]: row["class"] for row in csv.DictReader(stream)}
    with (SHARED_DATA / "galaxy_zoo_votes/training_solutions_rev1.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["GalaxyID"] in published]
    fractions = np.array([[row[name] for name in SCHEMA.tree.answers] for row in rows], np.float32)
    cuts = SCHEMA.cuts["five_classes"]
    names = [list(cuts.classes)[i] for i in classify(cuts, SCHEMA.tree, fractions)]
    assert len(rows) == 115
    assert names == [published[row["GalaxyID"]] for row in rows]
