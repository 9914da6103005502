"""Columns of labels, weights and numbers of every source of tables."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from astroclf.settings.metrics import TargetKind
from astroclf.settings.schemas import SchemaName
from astroclf.settings.sections.dataset.source import DatasetSection
from astroclf.settings.sections.section import Fraction, Text, refusal

Columns = Annotated[tuple[Text, ...], Field(min_length=2)]


class TableLabels(DatasetSection):
    """Settings of the labels of a table; those of a class, vote fractions, soft labels or annotators."""

    label_column: Text | None
    vote_columns: tuple[Text, ...] | None
    vote_schema: SchemaName | None
    vote_tolerance: Fraction
    soft_label_columns: Columns | None
    annotator_columns: Columns | None
    annotators: Literal["fractions", "majority"]
    weight_column: Text | None
    features_columns: tuple[Text, ...]

    @property
    def target_kind(self) -> TargetKind:
        return "classes" if self.vote_columns is None and self.vote_schema is None else "votes"

    @property
    def has_tree(self) -> bool | None:
        return self.vote_schema is not None

    @property
    def has_soft_targets(self) -> bool:
        return self.soft_label_columns is not None or (
            self.annotator_columns is not None and self.annotators == "fractions"
        )

    @property
    def has_columns(self) -> bool:
        return True

    @model_validator(mode="after")
    def _has_one_kind_of_labels(self) -> Self:
        kinds = {
            "dataset.vote_columns": self.vote_columns,
            "dataset.vote_schema": self.vote_schema,
            "dataset.soft_label_columns": self.soft_label_columns,
            "dataset.annotator_columns": self.annotator_columns,
        }
        given = [key for key, value in kinds.items() if value is not None]
        if len(given) > 1:
            raise refusal(f"{' and '.join(given)}: set only one of them.")
        if self.label_column is not None and self.target_kind == "votes":
            raise refusal(
                f"dataset.label_column and {given[0]}: set exactly one of the two, "
                "a column of class names or columns of votes."
            )
        if self.label_column is None and not given:
            raise refusal(
                "dataset.label_column is null: there are no labels. Set it to a column of class names, or set "
                "dataset.vote_columns, dataset.vote_schema, dataset.soft_label_columns or dataset.annotator_columns."
            )
        lists = {
            "dataset.vote_columns": self.vote_columns,
            "dataset.soft_label_columns": self.soft_label_columns,
            "dataset.annotator_columns": self.annotator_columns,
            "model.features_columns": self.features_columns,
        }
        for key, columns in lists.items():
            twice = next((each for each in columns or () if (columns or ()).count(each) > 1), None)
            if twice is not None:
                raise refusal(f"{key}: {twice} is listed twice. List each column once.")
        return self
