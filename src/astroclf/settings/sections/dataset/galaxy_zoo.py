"""Votes and images of Galaxy Zoo, in the layout of the challenge of Kaggle."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from astroclf.settings.metrics import TargetKind
from astroclf.settings.schemas import SchemaName, read_schema
from astroclf.settings.sections.dataset.files import Files
from astroclf.settings.sections.section import Fraction, Text, UserPath, refusal
from astroclf.settings.sections.vote_schema import VoteCuts, VoteSchema


class GalaxyZoo(Files):
    name: Literal["galaxy_zoo"]
    root: UserPath | None
    target: Literal["votes", "classes"]
    vote_schema: SchemaName
    vote_cuts: Text
    vote_tolerance: Fraction

    @property
    def target_kind(self) -> TargetKind:
        return self.target

    @property
    def has_tree(self) -> bool | None:
        return self.target == "votes"

    @property
    def source(self) -> str:
        return str(self.root)

    @property
    def schema_of_votes(self) -> VoteSchema:
        """The questions, answers and cuts that `vote_schema` names."""
        return read_schema(self.vote_schema)

    @property
    def cuts(self) -> VoteCuts:
        """The cuts that `vote_cuts` names."""
        return self.schema_of_votes.cuts[self.vote_cuts]

    @model_validator(mode="after")
    def _has_a_root_and_known_cuts(self) -> Self:
        if self.root is None:
            raise refusal(
                "dataset.root is not set. Give the folder or zip archive with training_solutions_rev1.csv and "
                "images_training_rev1, as dataset.root=<folder>."
            )
        known = self.schema_of_votes.cuts
        if self.target == "classes" and self.vote_cuts not in known:
            choices = f"Choose {' or '.join(known)}." if known else "Add cuts to the schema."
            raise refusal(
                f"dataset.vote_cuts={self.vote_cuts}: no cuts of dataset.vote_schema={self.vote_schema}. {choices}"
            )
        return self
