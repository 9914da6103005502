"""Votes on the questions of a tree: fractions of all volunteers, and differences from the tree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroclf.settings.sections import VoteValues
from astroclf.vote_tree import Question, VoteTree


@dataclass(frozen=True)
class TreeVotes:
    """Votes of N galaxies on the K answers to Q questions.

    fractions: (N, K) of all volunteers of a galaxy. answered, expected: (N, Q) sum of the answers to a
    question, and the sum that the tree demands. difference: (N, Q) >= 0, of the two, as a fraction of
    the volunteers; 0 for a question that fewer answered than reached, where that is no contradiction.
    """

    fractions: np.ndarray
    answered: np.ndarray
    expected: np.ndarray
    difference: np.ndarray


def reach(tree: VoteTree, fractions: np.ndarray, question: Question) -> np.ndarray:
    """Return the fraction of volunteers who reached a question, (N,).

    fractions: (N, K) of all volunteers, complete for the questions before it.
    """
    if not question.reached_by:
        return np.ones(len(fractions))
    return fractions[:, tree.positions(question.reached_by)].sum(axis=1)


def tree_votes(
    tree: VoteTree, given: np.ndarray, values: VoteValues, volunteers: np.ndarray | None = None
) -> TreeVotes:
    """Return given votes as fractions of all volunteers.

    given: (N, K) float64. values: their unit. volunteers: (N,) > 0, needed for counts.

    Volunteers who reached a question and did not answer it count as the others did; a question that
    nobody answered has fractions of 0. Counts and fractions of a question then satisfy the tree, and
    fractions of all volunteers are returned as given.
    """
    shares = [
        votes
        if values == "question_fractions"
        else votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-12)
        for votes in tree.split(given)
    ]
    fractions = given if values == "fractions" else np.concatenate(tree.chain(shares), axis=1)
    total = np.stack([votes.sum(axis=1) for votes in tree.split(given)], axis=1)
    reached = np.stack([reach(tree, fractions, each) for each in tree.questions], axis=1)
    if values == "fractions":
        return TreeVotes(fractions, total, reached, np.abs(total - reached))
    if values == "question_fractions":
        whole = np.ones_like(total)
        return TreeVotes(fractions, total, whole, np.where(total > 0, np.abs(total - 1), 0.0))
    assert volunteers is not None  # required for counts
    answered = total / volunteers[:, None]
    return TreeVotes(fractions, answered, reached, np.maximum(answered - reached, 0.0))
