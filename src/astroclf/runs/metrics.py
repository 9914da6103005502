"""metrics.json: one schema for a run, for a trial, and for the seeds or folds of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from astroclf.runs.folder import RunFolder
from astroclf.runs.migrations import migrate_metrics_1, migrate_metrics_2
from astroclf.runs.schema import Schema, read_versioned, refuse_unreadable, write_versioned

SCHEMA = Schema(3, {1: migrate_metrics_1, 2: migrate_metrics_2}, unversioned=1)


class Part(BaseModel):
    """A read-only part of metrics.json."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Metric(Part):
    """A metric of one split.

    value: None where the metric is not defined; of several trainings, the mean of those where it is.
    ci95: its 95 % interval, None where there is none. note: why there is none, or on how few images
    it rests. floor: of a calibration error, the one expected of calibrated probabilities.
    values, std: of several trainings, the value of each, and the sample standard deviation (n - 1),
    None for fewer than two values.
    """

    value: float | None
    ci95: list[float] | None = None
    note: str = ""
    floor: float | None = None
    std: float | None = None
    values: list[float | None] = []


class Share(Part):
    """Fraction of n images, with its 95 % interval."""

    value: float
    n: int
    ci95: list[float] | None


class Bin(Part):
    """Accuracy of the n images with a value from low to high; completeness and purity of classes."""

    low: float
    high: float
    n: int
    accuracy: float
    ci95: list[float] | None
    completeness: dict[str, Share] = {}
    purity: dict[str, Share] = {}


class Binned(Part):
    """Accuracy along one column of the metadata, which has a value for n_placed images."""

    column: str
    rows: list[Bin]
    n_placed: int
    n_images: int


class Baseline(Part):
    """Metrics of the best constant prediction of train, and that prediction in words."""

    prediction: str
    metrics: dict[str, float]


class SetScores(Part):
    """Prediction sets of a split: `coverage`, `mean_size`, and the fractions `empty` and `multiple`.

    per_class: class -> its number of images `n`, and the same figures.
    """

    overall: dict[str, Metric]
    per_class: dict[str, dict[str, Metric | int]]


class RiskCoverage(Part):
    """Risk-coverage curve of a split: fraction of the labels kept, and of these the fraction that is wrong.

    aurc: area under the curve.
    """

    coverage: list[float]
    error: list[float]
    aurc: Metric


class RunFacts(Part):
    """Facts of a run; those that a kind of run lacks are left out of the file.

    Facts that are not listed are the versions behind the result, by name.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, str] = Field(init=False)

    seed: int | None = None
    seeds: list[int] = []
    folds: int | None = None
    runs: list[str] = []  # names of the folders of several trainings
    command: str = ""  # that started the run, credentials redacted
    finished: str = ""  # date and time, ISO 8601
    device: str = ""
    images_per_s: float | None = None
    train_s: float = 0.0
    epochs: int | None = None
    best_epoch: int | None = None
    selection_metric: str = ""
    positive_class: str | None = None
    backbone: str = ""
    parameters: int | None = None
    trained_parameters: int | None = None
    peak_memory_mb: int | None = None
    precision: str = ""
    channels_last: bool | None = None
    threads: list[int] = []
    warnings: list[str] = []
    decision: dict[str, Any] = {}
    test_evaluations: int | None = None


class Metrics(Part):
    """Content of metrics.json: each split under its name, and what is listed here.

    per_class: split -> class -> its number of images `n` and its metrics. per_question: likewise of the
    questions of a decision tree. without_overlap: split ->
    the number of images `n` and the metrics without images that overlap train. binned: split ->
    column. prediction_sets, risk_coverage: by split. decision: split -> metric -> `plain`, `tuned`
    and `gain`. pooled: metrics of all out-of-fold predictions together. parts: of task=evaluate, the
    heading of each of its splits. shift: of task=evaluate, the differences from the training images.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, dict[str, Metric]] = Field(init=False)

    per_class: dict[str, dict[str, dict[str, Metric | int]]] = {}
    per_question: dict[str, dict[str, dict[str, Metric | int]]] = {}
    baseline: dict[str, Baseline] = {}
    without_overlap: dict[str, dict[str, Metric | int]] = {}
    binned: dict[str, dict[str, Binned]] = {}
    prediction_sets: dict[str, SetScores] = {}
    risk_coverage: dict[str, RiskCoverage] = {}
    decision: dict[str, dict[str, dict[str, Metric]]] = {}
    pooled: dict[str, Metric] = {}
    parts: dict[str, str] = {}
    shift: dict[str, Any] = {}
    run: RunFacts

    @property
    def splits(self) -> dict[str, dict[str, Metric]]:
        """Split -> metric -> its value, in the order of the file."""
        return self.__pydantic_extra__

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Metrics:
        """Return the metrics with this content; numpy numbers become floats.

        Raises ValueError if it does not fit the schema.
        """
        return cls.model_validate_json(json.dumps(content, default=float), strict=True)

    def to_dict(self) -> dict[str, Any]:
        """Return what the file holds: splits first, then what was set of the other parts."""
        content = self.model_dump(exclude_unset=True)
        return {**{name: content.pop(name) for name in self.splits}, **content}


def write_metrics(folder: RunFolder, metrics: Metrics) -> None:
    """Replace metrics.json in one step."""
    write_versioned(folder.metrics, metrics.to_dict(), SCHEMA)


def read_metrics(folder: RunFolder) -> Metrics:
    """Return the metrics of a run. Raises UserError if they are missing, damaged or of a newer version."""
    with refuse_unreadable(folder.metrics, "Delete it and resume the run to write it again."):
        return Metrics.of(read_versioned(folder.metrics, SCHEMA))
