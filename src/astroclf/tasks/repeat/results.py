"""Results of several trainings together: metrics.json, predictions.csv, report, tracker, terminal."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from astroclf.data.dataset import TEST
from astroclf.evaluation.intervals import Measured
from astroclf.files import shortest
from astroclf.reports.repeat.report import write_repeat_report
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import Metrics, read_metrics, write_metrics
from astroclf.runs.predictions import Predictions, write_predictions
from astroclf.settings import Settings
from astroclf.tasks.repeat.aggregate import (
    Means,
    measure_means,
    measure_spread,
    read_out_of_fold,
    score_out_of_fold,
)
from astroclf.tasks.repeat.repeat import Repeated
from astroclf.tasks.repeat.report import repeat_content
from astroclf.tasks.repeat.table import MEANINGS, spread_table
from astroclf.tasks.run import Run
from astroclf.tracking.names import metric_name, split_group

log = logging.getLogger(__name__)


def write_results(run: Run, repeated: Repeated) -> None:
    """Write metrics.json of evaluated trainings together, their report, and of folds predictions.csv."""
    settings, dataset, children = run.settings, repeated.dataset, repeated.folders
    if settings.seeds is not None:
        means = measure_means(settings, dataset, children)
        _write_report(run, repeated, write_spread(run, repeated, means=means))
        return
    predictions = read_out_of_fold(children, dataset.classes)
    write_predictions(run.folder, predictions, part="fold")
    losses = {child.name: read_metrics(child).splits[TEST]["loss"].value for child in children}
    pooled = score_out_of_fold(settings, dataset, predictions, losses)
    _write_report(run, repeated, write_spread(run, repeated, pooled=pooled), predictions)


def _write_report(
    run: Run, repeated: Repeated, metrics: Metrics, out_of_fold: Predictions | None = None
) -> None:
    if run.settings.evaluation.report:
        content = repeat_content(run.settings, repeated, metrics, out_of_fold)
        write_repeat_report(run.folder.report, content)
        run.tracker.log_artifacts([run.folder.report])
    log.info("\n".join(closing_lines(run.folder)))


def write_spread(
    run: Run,
    repeated: Repeated,
    means: Means = MappingProxyType({}),
    pooled: Mapping[str, Measured] = MappingProxyType({}),
) -> Metrics:
    """Write metrics.json with mean and spread over the trainings; track and log it.

    means: intervals of the means over the seeds. pooled: metrics of all out-of-fold predictions.
    """
    folder, children = run.folder, repeated.folders
    single = [read_metrics(child) for child in children]
    spreads = {
        split: {name: metric.model_dump(exclude_unset=True) for name, metric in each.items()}
        for split, each in measure_spread(single, means).items()
    }
    content = {**spreads, **({"pooled": pooled} if pooled else {})}
    metrics = Metrics.of({**content, "run": run_facts(run.settings, children, single)})
    write_metrics(folder, metrics)
    run.tracker.log_metrics(tracked_metrics(metrics))
    run.tracker.log_artifacts([folder.metrics, folder.predictions])
    log.info("%s\n\n%s", spread_table(metrics), MEANINGS[run.settings.seeds is None])
    return metrics


def run_facts(
    settings: Settings, folders: Sequence[RunFolder], metrics: Sequence[Metrics]
) -> dict[str, Any]:
    """Return the facts of the run; each training has its own."""
    warnings = [warning for each in metrics for warning in each.run.warnings]
    several: dict[str, Any] = {"folds": settings.folds, "seed": settings.seed}
    if settings.seeds is not None:
        several = {"seeds": list(settings.seeds)}
    return {
        "runs": [folder.name for folder in folders],
        **several,
        "selection_metric": f"val {settings.trainer.monitor}",
        "train_s": round(sum(each.run.train_s for each in metrics), 2),
        "warnings": list(dict.fromkeys(warnings)),
    }


def tracked_metrics(metrics: Metrics) -> dict[str, float]:
    """Return `<split>/<metric>` and `<split>/<metric>_std`, with the names that a single run has, and
    `pooled/<metric>`."""
    found: dict[str, float | None] = {}
    for split, spreads in metrics.splits.items():
        group = split_group(split)
        for metric, spread in spreads.items():
            found[metric_name(group, metric)] = spread.value
            found[metric_name(group, f"{metric}_std")] = spread.std
    found |= {metric_name("pooled", name): metric.value for name, metric in metrics.pooled.items()}
    return {name: value for name, value in found.items() if value is not None}


def closing_lines(folder: RunFolder) -> list[str]:
    """Return the paths of the results that were written."""
    files = {"report": folder.report, "predictions": folder.predictions, "run folder": folder.path}
    return ["", *(f"{name:<12}{shortest(file)}" for name, file in files.items() if file.exists())]
