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
from astroclf.settings import Settings, words
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
        title=title_of(settings, dataset.classes, folders),
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
            **words.describe_data(settings.dataset),
            "images": f"{len(dataset):,}",
            "strategy": words.describe_strategy(settings.finetune),
            "loss": words.describe_loss(settings.loss),
            "optimizer": words.describe_optimizer(settings.optimizer),
            "learning rate": words.describe_learning_rate(settings),
            "augmentation": words.describe_augmentation(settings.augment),
            "selection of epochs": metrics.run.selection_metric,
            "time": f"{metrics.run.train_s:.0f} s",
        },
        warnings=metrics.run.warnings,
    )


def title_of(settings: Settings, classes: tuple[str, ...], folders: Sequence[RunFolder]) -> str:
    """Return the number of seeds or folds, and the task, network, strategy and data."""
    kind = "folds" if settings.seeds is None else "seeds"
    is_random = read_metrics(folders[0]).run.backbone == "random"
    from_scratch = settings.finetune.name == "full" and is_random
    return f"{len(folders)} {kind}: {words.title(settings, classes, from_scratch=from_scratch)}"


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
