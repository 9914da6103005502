"""VoteTree: the decision tree of a survey's questions, as a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

Array = TypeVar("Array", bound=Any)  # of numpy or torch


@dataclass(frozen=True)
class Question:
    """One question of the tree.

    name, text: as the survey states them. answers: names of its answers, which exclude each other.
    reached_by: answers of other questions that lead to it; () for a question asked of every image.
    labels: texts of the answers for display; () where their names are their texts.
    """

    name: str
    text: str
    answers: tuple[str, ...]
    reached_by: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def shown_answers(self) -> tuple[str, ...]:
        """Texts of the answers for display."""
        return self.labels or self.answers


@dataclass(frozen=True)
class VoteTree:
    """Questions in an order in which those that lead to a question come before it.

    Vote fractions are of all volunteers of an image, so that the fractions of a question sum to the
    probability of reaching it: the sum of its `reached_by`, or 1 (Willett et al. 2013, MNRAS 435, 2835).

    questions: at least one. A tree whose answers are repeated, or that are reached by later or unknown
    ones, or by ones that do not exclude each other, raises ValueError.
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
            self._require_exclusive(question)

    def _require_exclusive(self, question: Question) -> None:
        """Refuse a question that one volunteer would reach twice: its reach could exceed 1."""
        names = question.reached_by
        pairs = [(one, other) for k, one in enumerate(names) for other in names[:k]]
        together = [pair for pair in pairs if self.can_be_given_together(*pair)]
        if together:
            raise ValueError(
                f"question {question.name} is reached by {' and '.join(together[0])}, which one volunteer can both give"
            )

    @cached_property
    def answers(self) -> tuple[str, ...]:
        """Names of all answers, question by question."""
        return tuple(name for question in self.questions for name in question.answers)

    def positions(self, names: Sequence[str]) -> list[int]:
        """Return the positions of answers in `answers`."""
        return [self.answers.index(name) for name in names]

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """Positions of the answers of each question in `answers`."""
        ends = [0]
        for question in self.questions:
            ends.append(ends[-1] + len(question.answers))
        return tuple(map(slice, ends[:-1], ends[1:]))

    def can_be_given_together(self, one: str, other: str) -> bool:
        """Return whether one volunteer can give both answers."""
        if one == other:
            return True
        earlier, later = sorted((one, other), key=self.answers.index)
        question = next(each for each in self.questions if later in each.answers)
        if earlier in question.answers:
            return False
        leading = question.reached_by
        return not leading or any(self.can_be_given_together(earlier, name) for name in leading)

    def split(self, values: Array) -> list[Array]:
        """Return the columns of each question, (N, A), of (N, K) values of all answers."""
        return [values[:, columns] for columns in self.slices]

    def chain(self, shares: Sequence[Array]) -> list[Array]:
        """Return the fractions of all volunteers from shares of those who reached each question.

        A fraction is its share times the reach of its question, the sum of the fractions that lead to
        it. shares, and what is returned: (N, A) of each question, arrays of numpy or tensors.
        """
        known: dict[str, Any] = {}
        fractions = []
        for question, of_question in zip(self.questions, shares, strict=True):
            reach = [known[name] for name in question.reached_by]
            joint = of_question * sum(reach[1:], reach[0]) if reach else of_question
            known |= {name: joint[:, k : k + 1] for k, name in enumerate(question.answers)}
            fractions.append(joint)
        return fractions

    def renamed(self, names: Mapping[str, str]) -> VoteTree:
        """Return the tree with other names of its answers."""

        def rename(answers: Sequence[str]) -> tuple[str, ...]:
            return tuple(names.get(name, name) for name in answers)

        return VoteTree(
            tuple(
                replace(each, answers=rename(each.answers), reached_by=rename(each.reached_by))
                for each in self.questions
            )
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON, of which `from_dict` makes the same tree."""
        return {
            "questions": [
                {
                    key: list(value) if isinstance(value, tuple) else value
                    for key, value in asdict(each).items()
                }
                for each in self.questions
            ]
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> VoteTree:
        """Return the tree that `to_dict` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            tuple(
                Question(
                    each["name"],
                    each["text"],
                    tuple(each["answers"]),
                    tuple(each["reached_by"]),
                    tuple(each.get("labels", ())),
                )
                for each in content["questions"]
            )
        )
