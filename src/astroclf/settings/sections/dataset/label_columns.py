"""Columns of a table with one row an image: labels, splits, ids, groups and positions."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from astroclf.settings.metrics import TargetKind
from astroclf.settings.sections.dataset.source import DatasetSection
from astroclf.settings.sections.section import Text, refusal


class LabelColumns(DatasetSection):
    """Settings of every source that labels its images in columns."""

    label_column: Text | None
    vote_columns: tuple[Text, ...] | None
    split_column: Text | None
    id_column: Text | None
    group_column: Text | None
    ra_column: Text | None
    dec_column: Text | None

    @property
    def target_kind(self) -> TargetKind:
        return "classes" if self.vote_columns is None else "votes"

    @model_validator(mode="after")
    def _has_one_kind_of_targets(self) -> Self:
        if (self.label_column is None) == (self.vote_columns is None):
            raise refusal(
                "dataset.label_column and dataset.vote_columns: set exactly one of the two, "
                "a column of class names or a list of columns of vote fractions."
            )
        return self

    @model_validator(mode="after")
    def _has_both_coordinates(self) -> Self:
        if (self.ra_column is None) != (self.dec_column is None):
            raise refusal("dataset.ra_column and dataset.dec_column: set both or neither.")
        return self
