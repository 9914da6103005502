"""Report of several seeds or folds, from the files of the trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from astroclf.data.dataset import TEST, VAL
from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import Labels
from astroclf.provenance import command_line
from astroclf.reports.repeat.content import RepeatContent, Spread, TrainingLine
from astroclf.runs.folder import RunFolder
from astroclf.runs.history import read_history
from astroclf.runs.metrics import Metric, Metrics, read_metrics
from astroclf.runs.predictions import Predictions, read_predictions
from astroclf.settings import Settings
from astroclf.tasks.labels import labels_of
from astroclf.tasks.repeat.repeat import Repeated


def repeat_content(
    settings: Settings, repeated: Repeated, metrics: Metrics, out_of_fold: Predictions | None
) -> RepeatContent:
    """Return the content of the report.

    metrics: of all trainings together. out_of_fold: predictions of the folds; None for seeds.
    """
    folders, dataset = repeated.folders, repeated.dataset
    split = TEST if TEST in metrics.splits else VAL
    if out_of_fold is not None:
        predictions = [out_of_fold]
    else:
        predictions = [read_predictions(each, dataset.classes).of(split) for each in folders]
    return RepeatContent(
        title=title_of(settings, len(folders)),
        in_folds=out_of_fold is not None,
        split=split,
        monitor=settings.trainer.monitor,
        trainings=[training_line(folder, settings.trainer.monitor) for folder in folders],
        spreads={name: spreads_of(each) for name, each in metrics.splits.items()},
        labels=_labels(repeated, predictions[0]),
        predictions=[Predicted(each.probabilities, each.labels) for each in predictions],
        pooled=spreads_of(metrics.pooled),
        command=command_line(),
        facts={
            "data": settings.dataset.source,
            "images": f"{len(dataset):,}",
            "selection of epochs": metrics.run.selection_metric,
            "time": f"{metrics.run.train_s:.0f} s",
        },
        warnings=metrics.run.warnings,
    )


def title_of(settings: Settings, n_trainings: int) -> str:
    """Return the number of seeds or folds, and what they train on what."""
    kind = "folds" if settings.seeds is None else "seeds"
    return f"{n_trainings} {kind} of {settings.model.name} on {settings.dataset.name}"


def training_line(folder: RunFolder, monitor: str) -> TrainingLine:
    """Return the line of one training."""
    facts = read_metrics(folder).run
    column = f"val_{monitor}"
    return TrainingLine(
        name=folder.name,
        report=f"{folder.name}/{folder.report.name}" if folder.report.is_file() else "",
        best_epoch=facts.best_epoch or 0,
        train_s=facts.train_s,
        curve={int(row["epoch"]): row[column] for row in read_history(folder) if column in row},
    )


def spreads_of(metrics: Mapping[str, Metric]) -> dict[str, Spread]:
    """Return metric -> its spread."""
    return {
        name: Spread(each.value, each.ci95, each.std, tuple(each.values))
        for name, each in metrics.items()
    }


def _labels(repeated: Repeated, predictions: Predictions) -> Labels:
    """Return the true labels of the predicted images, in their order."""
    place = {name: position for position, name in enumerate(repeated.dataset.ids.tolist())}
    positions: Sequence[int] = [place[name] for name in predictions.ids.tolist()]
    return labels_of(repeated.dataset, np.array(positions))
