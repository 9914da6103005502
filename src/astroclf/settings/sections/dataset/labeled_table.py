"""Labels of images in a table file, one row an image."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from astroclf.settings.sections.dataset.label_columns import LabelColumns
from astroclf.settings.sections.section import UserPath, refusal


class LabeledTable(LabelColumns):
    """Settings of every source with a table file of labels."""

    table: UserPath | None

    @property
    def source(self) -> str:
        return str(self.table)

    @model_validator(mode="after")
    def _has_a_table(self) -> Self:
        if self.table is None:
            raise refusal(
                "dataset.table is not set. Give the CSV that lists the images, as dataset.table=<file>."
            )
        return self
