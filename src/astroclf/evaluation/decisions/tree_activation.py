"""Activations that obey a decision tree: shares of each question times the probability of reaching it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from astroclf.evaluation.decisions.activation import (
    SOFTMAX,
    Activation,
    Block,
    Row,
    Sigmoid,
    log_of,
    log_sigmoid,
)
from astroclf.vote_tree import VoteTree


@dataclass(frozen=True)
class QuestionSoftmax(Activation):
    """Vote fractions from a softmax of the answers of each question.

    A fraction is the share of its answer among those who reach the question, times the probability
    of reaching it (Willett et al. 2013, MNRAS 435, 2835), so that the fractions of a question sum
    to the fractions that lead to it, whatever the logits are. A temperature acts on the shares.
    """

    tree: VoteTree

    name = "question_softmax"
    rows_sum_to_one = False

    @property
    def answers(self) -> tuple[str, ...] | None:
        return self.tree.answers

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        shares = [SOFTMAX.probabilities(block) for block in self.tree.split(scores)]
        return np.concatenate(self.tree.chain(shares), axis=1)

    def logits_of(self, probabilities: np.ndarray) -> np.ndarray:
        """Return logits whose softmax in each question are the shares of these fractions."""
        return log_of(probabilities)

    def undo_focal(self, logits: np.ndarray, gamma: float) -> np.ndarray:
        raise ValueError("a focal loss is of classes, not of the questions of a tree")

    def shift_of_alpha(self, alpha: float | Row | None, n_classes: int) -> np.ndarray:
        return np.zeros(n_classes)

    def calibration_blocks(self, probabilities: np.ndarray, truth: np.ndarray) -> list[Block]:
        """Return the shares of each question and its votes, so that an image counts as often as it is reached."""
        return [
            (shares_of(fractions), votes)
            for fractions, votes in zip(
                self.tree.split(probabilities), self.tree.split(truth), strict=True
            )
        ]

    labels = Sigmoid.labels

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, **vars(self), "tree": self.tree.to_dict()}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        return cls(**{**fields, "tree": VoteTree.from_dict(fields["tree"])})


@dataclass(frozen=True)
class QuestionConcentrations(QuestionSoftmax):
    """Expected vote fractions under Dirichlet distributions of the shares of each question.

    The concentration of an answer is 1 + scale sigmoid(logit), and its expected share the
    concentration divided by their sum over the question (Walmsley et al. 2022, MNRAS 509, 3966).
    """

    scale: float

    name = "question_concentrations"

    def scores(self, logits: np.ndarray) -> np.ndarray:
        """Return the logarithms of the concentrations: their softmax is the expected share."""
        return np.log1p(self.scale * np.exp(log_sigmoid(logits)))


def shares_of(fractions: np.ndarray) -> np.ndarray:
    """Return (N, A) fractions of a question divided by their sum; equal shares where that is 0."""
    reach = fractions.sum(axis=1, keepdims=True)
    equal = np.full(fractions.shape, 1 / fractions.shape[1])
    return np.divide(fractions, reach, out=equal, where=reach > 0)
