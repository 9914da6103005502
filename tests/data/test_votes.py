from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astroclf.data.votes import reach, tree_votes
from astroclf.settings.schemas import read_schema
from astroclf.vote_tree import Question, VoteTree

TREE = VoteTree(
    (
        Question("shape", "Is it smooth?", ("smooth", "featured", "star")),
        Question("arms", "Are there arms?", ("arms", "none"), ("featured",)),
        Question("odd", "Is it odd?", ("odd", "normal"), ("smooth", "featured")),
    )
)


def test_counts_become_fractions_of_all_volunteers() -> None:
    counts = np.array([[10.0, 25, 5, 20, 5, 7, 28]])
    votes = tree_votes(TREE, counts, "counts", np.array([40.0]))
    assert votes.fractions == pytest.approx(counts / 40)
    assert votes.difference == pytest.approx(0)


def test_volunteers_who_did_not_answer_count_as_the_others() -> None:
    counts = np.array([[10.0, 30, 0, 10, 10, 0, 0]])  # 20 of 30 answered, and nobody did
    votes = tree_votes(TREE, counts, "counts", np.array([40.0]))
    assert votes.fractions[0, 3:5] == pytest.approx([0.375, 0.375])
    assert votes.fractions[0, 5:].tolist() == [0, 0]
    assert not votes.difference.any()


def test_more_answers_than_volunteers_are_a_difference() -> None:
    counts = np.array([[30.0, 10, 0, 15, 5, 20, 20]])
    votes = tree_votes(TREE, counts, "counts", np.array([40.0]))
    assert votes.difference[0] == pytest.approx([0, 0.25, 0])


def test_fractions_of_a_question_are_multiplied_by_the_probability_of_reaching_it() -> None:
    table = np.array([[0.25, 0.5, 0.25, 0.8, 0.2, 0.1, 0.8]])
    votes = tree_votes(TREE, table, "question_fractions")
    assert votes.fractions[0] == pytest.approx([0.25, 0.5, 0.25, 0.4, 0.1, 0.075, 0.6])
    assert votes.difference[0] == pytest.approx([0, 0, 0.1])


def test_fractions_of_all_volunteers_are_returned_as_given() -> None:
    table = np.array([[0.25, 0.5, 0.25, 0.4, 0.2, 0.25, 0.5]])
    votes = tree_votes(TREE, table, "fractions")
    assert np.array_equal(votes.fractions, table)
    assert votes.difference[0] == pytest.approx([0, 0.1, 0])


@settings(max_examples=20)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["galaxy_zoo_2", "galaxy_zoo_decals", "galaxy_zoo_candels"]),
)
def test_fractions_of_every_question_sum_to_the_probability_of_reaching_it(
    seed: int, name: str
) -> None:
    tree = read_schema(name).tree
    counts = np.random.default_rng(seed).integers(1, 9, (3, len(tree.answers))).astype(float)
    fractions = tree_votes(tree, counts, "counts", np.full(3, 100.0)).fractions
    for question in tree.questions:
        total = fractions[:, tree.positions(question.answers)].sum(axis=1)
        assert total == pytest.approx(reach(tree, fractions, question))
