"""Schema of the votes of a survey: questions, answers, columns of its table, and cuts into classes."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from astroclf.settings.sections.section import Section, Text, refusal
from astroclf.vote_tree import Question, VoteTree

Share = Annotated[float, Field(ge=0, le=1)]
VoteValues = Literal["fractions", "question_fractions", "counts"]


class SchemaQuestion(Section):
    """One question. answers: column of the table -> text of the answer."""

    name: Text
    text: Text
    answers: Annotated[dict[str, Text], Field(min_length=2)]
    reached_by: tuple[str, ...] = ()


class VoteCuts(Section):
    """Classes by cuts. classes: name -> smallest fraction of all volunteers for each column named."""

    source: Text
    classes: Annotated[dict[str, dict[str, Share]], Field(min_length=2)]


class VoteSchema(Section):
    """A file of conf/schema/, or of a user.

    source: the publication. id_column, count_column: columns of the table; count_column holds the
    number of volunteers of a galaxy. values: of the columns of answers: fractions of all volunteers of
    a galaxy, fractions of those who answered the question, or numbers of volunteers.
    """

    source: Text
    id_column: Text
    count_column: Text | None = None
    values: VoteValues
    questions: Annotated[tuple[SchemaQuestion, ...], Field(min_length=1)]
    cuts: dict[str, VoteCuts] = Field(default_factory=dict)

    @property
    def tree(self) -> VoteTree:
        """The decision tree, whose answers have the names of their columns."""
        return VoteTree(
            tuple(
                Question(each.name, each.text, tuple(each.answers), each.reached_by, labels)
                for each in self.questions
                for labels in [tuple(each.answers.values())]
            )
        )

    @model_validator(mode="after")
    def _is_a_tree(self) -> Self:
        try:
            answers = self.tree.answers
        except ValueError as error:
            raise refusal(str(error)) from error
        for name, cuts in self.cuts.items():
            unknown = {column for each in cuts.classes.values() for column in each} - set(answers)
            if unknown:
                raise refusal(f"cuts.{name} names {min(unknown)}, which is no answer of a question")
        return self
