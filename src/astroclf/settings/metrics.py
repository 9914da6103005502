"""Metric records: direction, kind of targets, interval scale and description of every metric.

A new metric is a record here, and its function in `evaluation.metrics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

TargetKind = Literal["classes", "votes"]
Scale = Literal["linear", "log", "logit", "fisher"]
# Decimals of errors of vote fractions, which are small numbers.
FINE, COARSE = 4, 3

Number = TypeVar("Number")


@dataclass(frozen=True)
class Metric:
    """One metric.

    targets: the kinds of targets that it is defined for. level: whether it is measured over all
    images, for each class (or answer), or both. scale: on which its interval is symmetric, see
    `intervals.t_interval`. is_class_mean: whether it is a mean over classes, which has no interval
    where one of them is too small. of_positive_class: whether it is of class 1 alone where there
    are two classes. of_questions: whether it is measured for each question of a decision tree.
    """

    name: str
    description: str
    higher_is_better: bool = True
    targets: tuple[TargetKind, ...] = ("classes",)
    level: Literal["overall", "class", "both"] = "overall"
    scale: Scale = "logit"
    is_class_mean: bool = False
    of_positive_class: bool = False
    of_questions: bool = False
    digits: int = COARSE

    def label(self, positive_class: str | None) -> str:
        """Return the name, followed by the positive class where the metric is of that class."""
        of_class = positive_class is not None and self.of_positive_class
        return f"{self.name} ({positive_class})" if of_class else self.name

    def gain(self, value: Number, reference: Number) -> Number:
        """Return the improvement of `value` over `reference` (numbers or arrays); negative if worse."""
        better, worse = (value, reference) if self.higher_is_better else (reference, value)
        return better - worse  # type: ignore[operator]


@dataclass(frozen=True)
class Cost:
    """A cost of training, which a search can optimize beside metrics."""

    name: str
    description: str
    higher_is_better: bool = False


CLASSES: TargetKind = "classes"
VOTES: TargetKind = "votes"

RECORDS = (
    Metric(
        "loss",
        "training objective",
        higher_is_better=False,
        targets=(CLASSES, VOTES),
        scale="log",
        digits=FINE,
    ),
    Metric("accuracy", "fraction of labels that are right"),
    Metric("balanced_accuracy", "mean recall of the classes", is_class_mean=True),
    Metric("macro_f1", "mean F1 of the classes or answers", is_class_mean=True),
    Metric("mcc", "Matthews correlation coefficient: 0 is chance, 1 perfect", scale="fisher"),
    Metric("precision", "fraction of the images with this label that are right", level="class"),
    Metric("recall", "fraction of the images of this class with its label", level="class"),
    Metric("f1", "harmonic mean of precision and recall", level="class"),
    Metric(
        "roc_auc",
        "probability that an image of the class ranks above another",
        level="both",
        is_class_mean=True,
        of_positive_class=True,
    ),
    Metric(
        "average_precision",
        "area under the precision-recall curve",
        level="both",
        is_class_mean=True,
        of_positive_class=True,
    ),
    Metric("log_loss", "negative log-likelihood, nats", higher_is_better=False, scale="log"),
    Metric(
        "brier", "squared distance of probabilities to truth", higher_is_better=False, scale="log"
    ),
    Metric(
        "ece",
        "expected calibration error; floor: value expected of calibrated probabilities",
        higher_is_better=False,
        scale="linear",
        of_questions=True,
    ),
    Metric(
        "rmse",
        "root mean square error of vote fractions",
        higher_is_better=False,
        targets=(VOTES,),
        level="both",
        scale="log",
        of_questions=True,
        digits=FINE,
    ),
    Metric(
        "bias",
        "mean of predicted minus true vote fraction",
        targets=(VOTES,),
        level="class",
        scale="linear",
        digits=FINE,
    ),
    Metric(
        "r2",
        "fraction of the variance that is predicted; 0 is the mean vote",
        targets=(VOTES,),
        level="both",
        scale="linear",
    ),
)
METRICS = {record.name: record for record in RECORDS}
COSTS = {
    record.name: record
    for record in (
        Cost("parameters", "number of parameters"),
        Cost("trained_parameters", "number of trainable parameters"),
        Cost("train_s", "duration of training in seconds"),
        Cost("images_per_s", "training throughput in images per second", higher_is_better=True),
    )
}


def metric_names(targets: TargetKind) -> tuple[str, ...]:
    """Return the names of the metrics over all images, in the order of the tables."""
    return _names(targets, "overall")


def class_metric_names(targets: TargetKind) -> tuple[str, ...]:
    """Return the names of the metrics of each class (or answer), in the order of the tables."""
    return _names(targets, "class")


def question_metric_names() -> tuple[str, ...]:
    """Return the names of the metrics of each question of a decision tree."""
    return tuple(each.name for each in RECORDS if each.of_questions)


def higher_is_better(name: str) -> bool:
    """Return the direction of a metric or a cost."""
    return (METRICS.get(name) or COSTS[name]).higher_is_better


def _names(targets: TargetKind, level: str) -> tuple[str, ...]:
    chosen: Sequence[Metric] = [each for each in RECORDS if each.level in (level, "both")]
    return tuple(each.name for each in chosen if targets in each.targets)
