"""Table of metrics that ends a run on the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from astroclf.evaluation.intervals import Measured
from astroclf.evaluation.results import Evaluation
from astroclf.settings import Settings
from astroclf.settings.metrics import METRICS
from astroclf.text_table import text_table


def summary(settings: Settings, evaluation: Evaluation, facts: Mapping[str, str]) -> str:
    """Return the metrics of every split with their intervals, notes on them, and the facts."""
    notes = [baseline_line(evaluation), *overlap_lines(evaluation)]
    if settings.evaluation.bootstrap_resamples > 0:
        notes += ["", *interval_lines(evaluation)]
    notes += [
        "",
        "val selected the best epoch and the decision was fitted on it, so its metrics are slightly optimistic.",
    ]
    if "log_loss" in evaluation.shown.scores.overall:
        notes.append(
            f"loss is the training objective ({settings.loss.name}) of the raw outputs; "
            "log_loss is of the calibrated probabilities."
        )
    tables = (
        text_table(metric_rows(evaluation), first=20),
        "\n".join(notes),
        text_table(list(facts.items()), first=12),
    )
    return "\n" + "\n\n".join(tables)


def metric_rows(evaluation: Evaluation) -> list[list[str]]:
    """Return the rows of the table of metrics: a heading, one row a metric, the numbers of images."""
    splits, positive = evaluation.splits, evaluation.shown.labels.positive_class
    rows = [["", *map(evaluation.title_of, splits)]]
    for metric in evaluation.shown.scores.overall:
        figures = [_figure(result.scores.overall[metric]) for result in splits.values()]
        rows.append([METRICS[metric].label(positive), *figures])
    return [*rows, ["images", *(f"{len(result):,}" for result in splits.values())]]


def baseline_line(evaluation: Evaluation) -> str:
    """Return the headline metric of each split under the constant prediction."""
    headline = evaluation.shown.labels.headline
    values = ", ".join(
        f"{name} {result.baseline.metrics[headline]:.3f}"
        for name, result in evaluation.splits.items()
        if headline in result.baseline.metrics
    )
    return f"baseline: {evaluation.shown.baseline.prediction}: {headline} {values}"


def interval_lines(evaluation: Evaluation) -> list[str]:
    """Return the meaning of the brackets, and the reasons for missing or uncertain intervals."""
    has_floor = any("floor" in each for each in evaluation.shown.scores.overall.values())
    floor = "; floor: ece expected of calibrated probabilities" if has_floor else ""
    lines = [f"95 % intervals in brackets{floor}."]
    for split, result in evaluation.splits.items():
        lines += [f"{split} {note}." for note in result.scores.notes()]
    return lines


def overlap_lines(evaluation: Evaluation) -> list[str]:
    """Return the headline metric of each split without the images that overlap train."""
    headline = evaluation.shown.labels.headline
    return [
        f"{name} without its {result.n_overlapping:,} images that overlap train: {headline} "
        f"{_figure(result.without_overlap.overall[headline])}"
        for name, result in evaluation.splits.items()
        if result.without_overlap is not None
    ]


def _figure(measured: Measured) -> str:
    if measured["value"] is None:
        return "not defined"
    if "floor" in measured:
        return f"{measured['value']:.3f} (floor {measured['floor']:.3f})"
    if measured["ci95"] is None:
        return f"{measured['value']:z.3f}"
    low, high = measured["ci95"]
    return f"{measured['value']:z.3f} [{low:z.3f}, {high:z.3f}]"  # z: no "-0.000"
