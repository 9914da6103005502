"""Votes of single images along the decision tree, true beside predicted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from astroclf.vote_tree import Question, VoteTree

RARE = 0.05  # questions that fewer volunteers reached, true and predicted, are named but not shown


@dataclass(frozen=True)
class AnswerShares:
    """Fractions of all volunteers. predicted: None without a model."""

    label: str
    true: float
    predicted: float | None


@dataclass(frozen=True)
class AskedQuestion:
    """One question. depth: number of questions before it. condition: answers that lead to it, "" for none.

    true, predicted: fractions of all volunteers who reached it; predicted is None without a model.
    """

    text: str
    depth: int
    condition: str
    true: float
    predicted: float | None
    answers: tuple[AnswerShares, ...]


@dataclass(frozen=True, eq=False)
class TreeOfImage:
    """Questions on one image, in the order of the tree: those that follow from an answer are below it.

    image: (H, W, 3) uint8 RGB. rmse: of all answers, None without a model. rare: texts of the questions
    that are left out.
    """

    image: np.ndarray
    id: str
    rmse: float | None
    questions: tuple[AskedQuestion, ...]
    rare: tuple[str, ...]


def tree_of_image(
    tree: VoteTree, image: np.ndarray, name: str, true: np.ndarray, predicted: np.ndarray | None
) -> TreeOfImage:
    """Return the questions on an image. true, predicted: (K,) fractions of all volunteers."""
    asked = [_asked(tree, each, depth, true, predicted) for each, depth in walk(tree)]
    shown = [each for each in asked if max(each.true, each.predicted or 0.0) >= RARE]
    rare = [each.text for each in asked if each not in shown]
    rmse = None if predicted is None else float(np.sqrt(np.mean((predicted - true) ** 2)))
    return TreeOfImage(image, name, rmse, tuple(shown), tuple(rare))


def walk(tree: VoteTree) -> Iterator[tuple[Question, int]]:
    """Yield each question with its depth, those that follow from its answers directly after it."""

    def below(question: Question, depth: int) -> Iterator[tuple[Question, int]]:
        yield question, depth
        for answer in question.answers:
            for each in tree.questions:
                if each.reached_by and each.reached_by[0] == answer:
                    yield from below(each, depth + 1)

    for question in tree.questions:
        if not question.reached_by:
            yield from below(question, 0)


def _asked(
    tree: VoteTree, question: Question, depth: int, true: np.ndarray, predicted: np.ndarray | None
) -> AskedQuestion:
    places = tree.positions(question.answers)
    answers = tuple(
        AnswerShares(label, float(true[k]), None if predicted is None else float(predicted[k]))
        for label, k in zip(question.shown_answers, places, strict=True)
    )
    return AskedQuestion(
        question.text,
        depth,
        " or ".join(_label(tree, name) for name in question.reached_by),
        float(true[places].sum()),
        None if predicted is None else float(predicted[places].sum()),
        answers,
    )


def _label(tree: VoteTree, answer: str) -> str:
    question = next(each for each in tree.questions if answer in each.answers)
    return question.shown_answers[question.answers.index(answer)]
