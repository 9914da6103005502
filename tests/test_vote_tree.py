"""Tests of astroclf.vote_tree."""

import pytest

from astroclf.vote_tree import Question, VoteTree

SHAPE = Question("shape", "Is it smooth?", ("smooth", "featured"))
ROUND = Question("round", "Is it round?", ("round", "cigar"), reached_by=("smooth",))


def test_answers_are_in_the_order_of_the_questions():
    tree = VoteTree((SHAPE, ROUND))
    assert tree.answers == ("smooth", "featured", "round", "cigar")
    assert tree.positions(["cigar", "smooth"]) == [3, 0]


@pytest.mark.parametrize("questions", [(ROUND, SHAPE), (SHAPE, SHAPE)])
def test_trees_that_cannot_be_walked_are_refused(questions):
    with pytest.raises(ValueError, match="question"):
        VoteTree(questions)
