"""What several trainings of one kind are worth together."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from astroclf.data.dataset import TEST, ImageDataset
from astroclf.evaluation.intervals import Measured
from astroclf.files import shortest, write_json
from astroclf.settings import Settings
from astroclf.tasks.repeat.out_of_fold import read_out_of_fold, score_out_of_fold, write_out_of_fold
from astroclf.tasks.repeat.seed_intervals import measure_mean
from astroclf.tasks.repeat.spread import measure_spread, spread_table, tracked_metrics
from astroclf.tasks.repeat.stored_results import read_metrics
from astroclf.tracking import Tracker

log = logging.getLogger(__name__)


def report_together(
    settings: Settings,
    folders: Sequence[Path],
    dataset: ImageDataset,
    tracker: Tracker,
    *,
    is_trial: bool,
) -> None:
    """Write metrics.json beside the folders of the trainings; track it, and tell it unless it is
    that of a trial.

    dataset: the images of every seed; those of a cross-validation are in folds, and its
    predictions.csv is written too, but for a trial.
    """
    folder = folders[0].parent
    metrics = [read_metrics(own) for own in folders]
    in_folds = settings.seeds is None
    means = {} if in_folds or is_trial else measure_mean(settings, dataset, folders)
    spreads = measure_spread(metrics, means)
    pooled: dict[str, Measured] = {}
    if in_folds and not is_trial:
        rows = read_out_of_fold(folders, dataset.classes)
        write_out_of_fold(folder / "predictions.csv", rows)
        losses = {
            own.name: each[TEST]["loss"]["value"]
            for own, each in zip(folders, metrics, strict=True)
        }
        pooled = score_out_of_fold(settings, dataset, rows, losses)
    names = [own.name for own in folders]
    run = run_facts(settings, names, metrics)
    content = {**spreads, **({"pooled": pooled} if pooled else {}), "run": run}
    write_json(folder / "metrics.json", content)
    tracker.log_metrics(tracked_metrics(spreads, pooled))
    tracker.log_artifacts([folder / "metrics.json", folder / "predictions.csv"])
    if not is_trial:
        log.info("%s", spread_table(names, spreads, pooled))
        log.info("\n".join(closing_lines(settings, folder)))


def run_facts(
    settings: Settings, names: Sequence[str], metrics: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What `metrics.json` says of the run itself; each training has its own."""
    runs = [each["run"] for each in metrics]
    warnings = [warning for run in runs for warning in run.get("warnings", [])]
    several: dict[str, Any] = {"folds": settings.folds, "seed": settings.seed}
    if settings.seeds is not None:
        several = {"seeds": list(settings.seeds)}
    return {
        "runs": list(names),
        **several,
        "selection_metric": f"val {settings.trainer.monitor}",
        "train_s": round(sum(run["train_s"] for run in runs), 2),
        "warnings": list(dict.fromkeys(warnings)),
    }


def closing_lines(settings: Settings, folder: Path) -> list[str]:
    """What the table means, and where everything lies."""
    if settings.seeds is None:
        meaning = (
            "Each image is in test once, for a network that neither trained on it nor was chosen by it; "
            "std is over the folds."
        )
    else:
        meaning = (
            "std is over the seeds, on the same images; the interval is that of the mean, for images of this "
            "kind."
        )
    lines = ["", meaning, ""]
    if settings.seeds is None:
        lines.append(f"{'predictions':<12}{shortest(folder) / 'predictions.csv'}")
    lines.append(f"{'all else':<12}{shortest(folder)}")
    return lines
