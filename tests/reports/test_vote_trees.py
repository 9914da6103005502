"""Votes of single images along the decision tree."""

from __future__ import annotations

import numpy as np
import pytest

from astroclf.reports.vote_trees import tree_of_image, walk
from astroclf.settings.schemas import read_schema
from fixtures.galaxy_zoo import draw_fractions
from fixtures.trees import GALAXIES

IMAGE = np.zeros((4, 4, 3), np.uint8)


def test_questions_stand_below_the_one_that_leads_to_them() -> None:
    asked = [(question.name, depth) for question, depth in walk(GALAXIES)]
    assert asked == [("shape", 0), ("round", 1), ("merger", 2), ("disk", 1), ("odd", 0)]


@pytest.mark.parametrize("name", ["galaxy_zoo_2", "galaxy_zoo_decals", "galaxy_zoo_candels"])
def test_every_question_is_asked_once(name: str) -> None:
    tree = read_schema(name).tree
    asked = [question.name for question, _ in walk(tree)]
    assert sorted(asked) == sorted(question.name for question in tree.questions)


def test_shares_are_those_of_the_answers() -> None:
    tree = read_schema("galaxy_zoo_2").tree
    true, predicted = draw_fractions(tree, 2)
    shown = tree_of_image(tree, IMAGE, "7", true, predicted)
    first, second = shown.questions[0], shown.questions[1]
    assert [answer.label for answer in first.answers] == [
        "smooth",
        "features or disk",
        "star or artifact",
    ]
    assert [answer.true for answer in first.answers] == pytest.approx(true[:3])
    assert [answer.predicted for answer in first.answers] == pytest.approx(predicted[:3])
    assert second.condition == "smooth"
    assert second.true == pytest.approx(true[0])
    assert shown.rmse == pytest.approx(np.sqrt(np.mean((true - predicted) ** 2)))


def test_questions_that_hardly_anybody_reached_are_named_only() -> None:
    true = np.array([0.97, 0.03, 0, 0.97, 0, 0.03, 0, 0, 0, 0.1, 0.9])
    shown = tree_of_image(GALAXIES, IMAGE, "7", true, None)
    assert [question.text for question in shown.questions] == [
        "Is it smooth?",
        "How round is it?",
        "Is anything odd?",
    ]
    assert shown.rare == ("Does it merge?", "Edge on?")
    assert shown.rmse is None
    assert shown.questions[0].answers[0].predicted is None
