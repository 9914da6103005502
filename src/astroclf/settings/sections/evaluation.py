"""Evaluation of a trained model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from astroclf.settings.sections.section import Bins, Section, Text, UserPath


class Evaluation(Section):
    temperature: bool
    threshold: Text
    logit_adjustment: Annotated[float, Field(ge=0, le=10)]
    tta_views: Literal[1, 8]
    bootstrap_resamples: Annotated[int, Field(ge=0, le=100_000, strict=True)]
    calibration_bins: Bins
    positive_class: Text | None
    metadata: UserPath | None
    metadata_id: Text | None
    bin_columns: tuple[Text, ...]
    bins: Bins
