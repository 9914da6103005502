"""Evaluation of a trained model."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from astroclf.settings.sections.section import Bins, Section, Text, UserPath, refusal


class Evaluation(Section):
    temperature: bool
    threshold: Text
    logit_adjustment: Annotated[float, Field(ge=0, le=10)]
    conformal: Annotated[float, Field(gt=0.5, lt=1)] | None
    tta_views: Literal[1, 8]
    bootstrap_resamples: Annotated[int, Field(ge=0, le=100_000, strict=True)]
    calibration_bins: Bins
    positive_class: Text | None
    metadata: UserPath | None
    metadata_id: Text | None
    bin_columns: tuple[Text, ...]
    bins: Bins
    report: bool

    @model_validator(mode="after")
    def _adjusts_labels_once(self) -> Self:
        if self.logit_adjustment > 0 and self.threshold != "none":
            raise refusal(
                f"evaluation.logit_adjustment={self.logit_adjustment:g} and evaluation.threshold="
                f"{self.threshold} both adjust the labels. Set logit_adjustment to 0 or threshold to none."
            )
        return self

    @model_validator(mode="after")
    def _has_metadata_for_bins(self) -> Self:
        if self.bin_columns and (self.metadata is None or self.metadata_id is None):
            raise refusal(
                f"evaluation.bin_columns={list(self.bin_columns)}: the columns have no table. Set "
                "evaluation.metadata=<csv file> and evaluation.metadata_id=<its column of image ids>."
            )
        if self.metadata is not None and not self.bin_columns:
            raise refusal(
                f"evaluation.metadata={self.metadata}: no column of it is used. Name the columns along which "
                "accuracy is reported in evaluation.bin_columns."
            )
        return self
