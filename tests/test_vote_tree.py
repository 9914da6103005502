"""Tests of astroclf.vote_tree."""

import json

import numpy as np
import pytest
import torch

from astroclf.vote_tree import Question, VoteTree

SHAPE = Question("shape", "Is it smooth?", ("smooth", "featured"))
ROUND = Question("round", "Is it round?", ("round", "cigar"), reached_by=("smooth",))
ODD = Question("odd", "Is anything odd?", ("odd", "normal"))
BULGE = Question("bulge", "Is there a bulge?", ("bulge", "no bulge"), reached_by=("featured",))
MERGER = Question("merger", "Does it merge?", ("merger", "alone"), reached_by=("cigar", "no bulge"))


def test_answers_are_in_the_order_of_the_questions():
    tree = VoteTree((SHAPE, ROUND))
    assert tree.answers == ("smooth", "featured", "round", "cigar")
    assert tree.positions(["cigar", "smooth"]) == [3, 0]
    assert tree.slices == (slice(0, 2), slice(2, 4))


@pytest.mark.parametrize("questions", [(ROUND, SHAPE), (SHAPE, SHAPE)])
def test_trees_that_cannot_be_walked_are_refused(questions):
    with pytest.raises(ValueError, match="question"):
        VoteTree(questions)


@pytest.mark.parametrize("answers", [("smooth", "smooth"), ("smooth", "odd"), ("smooth", "round")])
def test_a_question_that_one_volunteer_reaches_twice_is_refused(answers):
    last = Question("last", "", ("x", "y"), reached_by=answers)
    with pytest.raises(
        ValueError, match=r"question last is reached by .*, which one volunteer can"
    ):
        VoteTree((SHAPE, ROUND, ODD, last))


def test_answers_of_one_question_and_of_other_branches_exclude_each_other():
    tree = VoteTree((SHAPE, ROUND, ODD, BULGE, MERGER))
    assert not tree.can_be_given_together("smooth", "featured")
    assert not tree.can_be_given_together("round", "bulge")
    assert not tree.can_be_given_together("merger", "round")
    assert tree.can_be_given_together("merger", "smooth")
    assert tree.can_be_given_together("odd", "cigar")


@pytest.mark.parametrize("make", [np.array, torch.tensor])
def test_fractions_are_shares_times_the_probability_of_reaching_their_question(make):
    tree = VoteTree((SHAPE, ROUND, BULGE, MERGER))
    shares = make([[0.6, 0.4, 0.9, 0.1, 0.75, 0.25, 0.5, 0.5]])
    found = np.concatenate([np.asarray(block) for block in tree.chain(tree.split(shares))], axis=1)
    merging = 0.6 * 0.1 + 0.4 * 0.25
    expected = [0.6, 0.4, 0.54, 0.06, 0.3, 0.1, merging / 2, merging / 2]
    np.testing.assert_allclose(found, [expected], rtol=1e-6)


def test_json_holds_the_tree():
    tree = VoteTree((SHAPE, ROUND, ODD))
    assert VoteTree.from_dict(json.loads(json.dumps(tree.to_dict()))) == tree
    assert json.loads(json.dumps(tree.to_dict())) == tree.to_dict()


def test_answers_are_renamed_where_they_lead_to_a_question_too():
    tree = VoteTree((SHAPE, ROUND)).renamed({"smooth": "early"})
    assert tree.answers == ("early", "featured", "round", "cigar")
    assert tree.questions[1].reached_by == ("early",)
