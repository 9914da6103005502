"""Labels of images in a table, one row an image."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from astroclf.settings.metrics import TargetKind
from astroclf.settings.sections.dataset.source import DatasetSection
from astroclf.settings.sections.section import Text, UserPath, refusal


class LabeledTable(DatasetSection):
    """Settings of every source with a table of labels."""

    table: UserPath | None
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

    @property
    def source(self) -> str:
        return str(self.table)

    @model_validator(mode="after")
    def _has_a_table_with_targets(self) -> Self:
        if self.table is None:
            raise refusal(
                "dataset.table is not set. Give the CSV that lists the images, as dataset.table=<file>."
            )
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
