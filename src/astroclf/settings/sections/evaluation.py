"""Metrics, and how a trained model is evaluated."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from astroclf.settings.sections.section import Bins, Section, Text, UserPath

# The names of all metrics: those of classes, and those of vote fractions.
LABEL_METRICS = (
    "loss",
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "mcc",
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "ece",
)
VOTE_METRICS = ("loss", "rmse", "r2")
# What a training costs, which a search may optimize too.
COSTS = ("parameters", "trained_parameters", "train_s", "images_per_s")


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
