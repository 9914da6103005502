"""Intervals of label metrics: closed forms for proportions, and none where a class is too small."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from astroclf.evaluation.intervals import (
    Measured,
    estimate,
    f1_interval,
    interval_of_mean,
    measured,
    too_few_units,
    wilson_interval,
)
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metrics.label_sums import LabelSums
from astroclf.evaluation.resampling import Replicates, Resampling, group_index
from astroclf.settings.metrics import METRICS

PROPORTIONS = ("precision", "recall", "f1")


def notes_of_classes(labels: Labels, resampling: Resampling) -> list[str]:
    """Return a note for each class with images, but in fewer than ten units; else empty.

    So few leave the spread of a figure unknown: where none of three images is found, none is found
    in any resample.
    """
    targets = labels.targets
    units = np.arange(len(targets)) if resampling.groups is None else group_index(resampling.groups)
    held = "" if resampling.groups is None else " with images"
    counts = [len(np.unique(units[targets == k])) for k in range(len(labels.classes))]
    return [
        too_few_units(n, resampling.unit, f"{held} of {name}") if n else ""
        for n, name in zip(counts, labels.classes, strict=True)
    ]


def estimate_metrics(
    metrics: Iterable[str], replicates: Mapping[str, Replicates], notes: Sequence[str]
) -> dict[str, Measured]:
    """Return `intervals.estimate` of each metric; a mean over classes has none if one is too small."""
    smallest = first_note(*notes)
    return {
        metric: estimate(
            replicates[metric],
            METRICS[metric].scale,
            smallest if METRICS[metric].is_class_mean else "",
        )
        for metric in metrics
    }


def measure_overall(
    metrics: Iterable[str],
    replicates: Mapping[str, Replicates],
    sums: LabelSums,
    notes: Sequence[str],
) -> dict[str, Measured]:
    """Return each metric of labels or probabilities with its interval, or a note.

    - ece: none. It is biased upwards and resampling adds the bias again; `floor` is what to expect
      of calibrated probabilities.
    - Independent images: Wilson's for accuracy; for balanced_accuracy and macro_f1 from those of
      the classes, see `intervals.interval_of_mean`.
    - Any other: `intervals.estimate`, but none for a mean over classes of which one is too small.

    replicates: with those of recall and f1 of each class beside the metrics. notes: of `notes_of_classes`.
    """
    found = estimate_metrics(metrics, replicates, notes)
    found["ece"] = measured_ece(found["ece"]["value"], [sums])
    if _are_independent(replicates["f1_of_class"]):
        true, predicted, hits = sums.counts()
        accuracy = wilson_interval(float(hits.sum()), float(true.sum()))
        found["accuracy"] = measured(_value(found["accuracy"]), accuracy)
        for metric, of_classes, present, correlation in (
            ("balanced_accuracy", "recall", true > 0, np.eye(len(true))),
            ("macro_f1", "f1", true + predicted > 0, _correlation(replicates["f1_of_class"].draws)),
        ):
            if present.any():
                interval = interval_of_mean(
                    replicates[f"{of_classes}_of_class"].value[present],
                    proportion_intervals(of_classes, sums)[present],
                    correlation[np.ix_(present, present)],
                )
                note = first_note(*notes)
                found[metric] = measured(_value(found[metric]), interval, note)
    return found


def measure_classes(
    metric: str, replicates: Replicates, sums: LabelSums, notes: Sequence[str]
) -> list[Measured]:
    """Return a metric of each class with its interval, or a note.

    replicates: (K,). notes: of `notes_of_classes`.
    """
    if metric in PROPORTIONS and _are_independent(replicates):
        _, whole = _parts(metric, sums)
        few = [too_few_units(int(n), "image", f" behind the {metric}") for n in whole]
        intervals = proportion_intervals(metric, sums).tolist()
        return [
            measured(value, None if note else (low, high), note)
            for value, (low, high), note in zip(
                replicates.value.tolist(), intervals, map(first_note, notes, few), strict=True
            )
        ]
    if len(notes) == 2:
        notes = [first_note(*notes)] * 2
    return [
        estimate(replicates.of_class(k), METRICS[metric].scale, note)
        for k, note in enumerate(notes)
    ]


def measured_ece(value: float | None, sums: Sequence[LabelSums]) -> Measured:
    """ECE and its floor, of one network or the mean of several."""
    if value is None:
        return measured(float("nan"), None)
    floor = float(np.mean([each.expected_ece() for each in sums]))
    return {"value": value, "ci95": None, "floor": floor}


def proportion_intervals(metric: str, sums: LabelSums) -> np.ndarray:
    """Return (K, 2): the intervals of precision, recall or f1 of each class of independent images."""
    interval = f1_interval if metric == "f1" else wilson_interval
    return np.array([interval(*each) for each in zip(*_parts(metric, sums), strict=True)])


def _parts(metric: str, sums: LabelSums) -> tuple[list[float], list[float]]:
    """Return the numerator and the denominator of the proportion of each class."""
    true, predicted, hits = sums.counts()
    whole = {"precision": predicted, "recall": true, "f1": true + predicted - hits}[metric]
    return hits.tolist(), whole.tolist()


def _are_independent(replicates: Replicates) -> bool:
    return replicates.unit == "image" and len(replicates.draws) > 0


def first_note(*notes: str) -> str:
    """Return the first note that is not empty."""
    return next(filter(None, notes), "")


def _value(figure: Measured) -> float:
    return float("nan") if figure["value"] is None else figure["value"]


def _correlation(draws: np.ndarray) -> np.ndarray:
    """Return the (K, K) correlation of the columns of draws (R, K), 0 where a column has no spread."""
    centered = np.nan_to_num(draws - draws.mean(axis=0))
    spread = np.sqrt((centered**2).sum(axis=0))
    scaled = centered / np.where(spread > 0, spread, 1.0)
    correlation = scaled.T @ scaled
    np.fill_diagonal(correlation, 1.0)
    return correlation
