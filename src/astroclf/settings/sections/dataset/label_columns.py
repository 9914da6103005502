"""Columns of a table with one row an image: labels, splits, ids, groups and positions."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from astroclf.settings.sections.dataset.table_labels import TableLabels
from astroclf.settings.sections.section import Text, refusal


class LabelColumns(TableLabels):
    """Settings of every source that labels its images in columns."""

    split_column: Text | None
    id_column: Text | None
    group_column: Text | None
    ra_column: Text | None
    dec_column: Text | None

    @model_validator(mode="after")
    def _has_both_coordinates(self) -> Self:
        if (self.ra_column is None) != (self.dec_column is None):
            raise refusal("dataset.ra_column and dataset.dec_column: set both or neither.")
        return self
