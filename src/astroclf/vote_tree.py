"""VoteTree: the decision tree of a survey's questions, as a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Question:
    """One question of the tree.

    name, text: as the survey states them. answers: names of its answers, which exclude each other.
    reached_by: answers of other questions that lead to it; () for a question asked of every image.
    """

    name: str
    text: str
    answers: tuple[str, ...]
    reached_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class VoteTree:
    """Questions in an order in which those that lead to a question come before it.

    Vote fractions are of all volunteers of an image, so that the fractions of a question sum to the
    probability of reaching it: the sum of its `reached_by`, or 1 (Willett et al. 2013, MNRAS 435, 2835).

    questions: at least one. A tree whose answers are repeated, or that are reached by later or unknown
    ones, raises ValueError.
    """

    questions: tuple[Question, ...]

    def __post_init__(self) -> None:
        known: set[str] = set()
        for question in self.questions:
            unknown = [name for name in question.reached_by if name not in known]
            if unknown:
                raise ValueError(
                    f"question {question.name} is reached by {unknown[0]}, which is no answer of an earlier question"
                )
            repeated = [name for name in question.answers if name in known]
            if repeated or len(set(question.answers)) < len(question.answers):
                raise ValueError(f"question {question.name} repeats an answer of the tree")
            known |= set(question.answers)

    @cached_property
    def answers(self) -> tuple[str, ...]:
        """Names of all answers, question by question."""
        return tuple(name for question in self.questions for name in question.answers)

    def positions(self, names: Sequence[str]) -> list[int]:
        """Return the positions of answers in `answers`."""
        return [self.answers.index(name) for name in names]
