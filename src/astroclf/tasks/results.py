"""What a finished training leaves in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from astroclf.data.audit import find_leaks, overlaps_train
from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.data.thumbnails import make_thumbnails
from astroclf.errors import UserError
from astroclf.evaluation.decisions.comparison import ComparedDecisions
from astroclf.evaluation.metrics.baseline import HEADLINES, constant_baseline
from astroclf.inference.predictor import Outputs
from astroclf.reports.run.content import SplitResult
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import Metrics, read_metrics
from astroclf.runs.predictions import Predictions
from astroclf.settings import Settings
from astroclf.settings.metrics import METRICS
from astroclf.status import status
from astroclf.tasks.columns import bin_split, catalog_values
from astroclf.tasks.scores import Scoring


@status("computing metrics and intervals")
def score_splits(scoring: Scoring, outputs: Mapping[str, Outputs]) -> dict[str, SplitResult]:
    """Every split's figures and answers."""
    overlaps = overlaps_train(scoring.dataset, find_leaks(scoring.dataset))
    columns = catalog_values(scoring.settings, scoring.dataset)
    return {
        split: replace(
            _score_split(scoring, split, each, overlaps),
            binned=bin_split(scoring, split, each, columns, list(outputs)),
        )
        for split, each in outputs.items()
    }


def _score_split(
    scoring: Scoring, split: str, outputs: Outputs, overlaps: np.ndarray
) -> SplitResult:
    dataset, evaluation = scoring.dataset, scoring.settings.evaluation
    positions = dataset.indices(split)
    predictions = scoring.probabilities(outputs)
    labels = scoring.labels(predictions)
    targets, ids = dataset.targets[positions], dataset.ids[positions]
    alone = ~overlaps[positions]
    return SplitResult(
        scores=scoring.full(positions, outputs),
        predictions=predictions,
        labels=labels,
        targets=targets,
        ids=ids,
        thumbnails=lambda chosen: make_thumbnails(dataset, positions[chosen]),
        baseline=constant_baseline(
            dataset.targets[dataset.indices(TRAIN)],
            targets,
            dataset.classes,
            bins=evaluation.calibration_bins,
        ),
        without_overlap=scoring.full(positions[alone], outputs.of_images(alone))
        if 0 < alone.sum() < len(alone)
        else None,
        n_overlapping=int(np.sum(~alone)),
    )


def metrics_content(
    splits: Mapping[str, SplitResult],
    compared: Mapping[str, ComparedDecisions],
    run: Mapping[str, Any],
) -> Metrics:
    """Return the content of metrics.json.

    compared: splits without and with the decision.
    """
    content: dict[str, Any] = {name: result.scores.overall for name, result in splits.items()}
    content["per_class"] = {name: result.scores.per_class for name, result in splits.items()}
    content["baseline"] = {name: asdict(result.baseline) for name, result in splits.items()}
    without_overlap = {
        name: {"n": len(result) - result.n_overlapping, **result.without_overlap.overall}
        for name, result in splits.items()
        if result.without_overlap is not None
    }
    if without_overlap:
        content["without_overlap"] = without_overlap
    binned = {
        name: {table.column: asdict(table) for table in result.binned}
        for name, result in splits.items()
        if result.binned
    }
    if binned:
        content["binned"] = binned
    content["decision"] = {
        split: {metric: asdict(comparison) for metric, comparison in each.metrics.items()}
        for split, each in compared.items()
    }
    content["run"] = dict(run)
    return Metrics.of(content)


def count_test_evaluations(folder: RunFolder, epochs: int) -> int:
    """Return how many trainings of a run were evaluated on test, with the one of so many epochs.

    folder: of the run, which may have a metrics.json from before it was resumed.
    """
    try:
        before = read_metrics(folder).run
    except UserError:
        return 1
    if before.test_evaluations is None:
        return 1
    return before.test_evaluations + int(before.epochs != epochs)


def predictions_of(dataset: ImageDataset, splits: Mapping[str, SplitResult]) -> Predictions:
    """Return the predictions for all splits; the classes of votes are the answers with most of them."""
    results = list(splits.values())
    targets = np.concatenate([result.targets for result in results])
    probabilities = np.concatenate([result.predictions for result in results])
    labels = [
        result.predictions.argmax(axis=1) if result.labels is None else result.labels
        for result in results
    ]
    return Predictions(
        classes=dataset.classes,
        ids=np.concatenate([result.ids for result in results]),
        parts=np.repeat(list(splits), [len(result) for result in results]),
        truth=targets.argmax(axis=1) if dataset.has_votes else targets,
        labels=np.concatenate(labels),
        probabilities=probabilities,
        votes=targets if dataset.has_votes else None,
    )


def summary(settings: Settings, splits: Mapping[str, SplitResult], facts: Mapping[str, Any]) -> str:
    """The table that ends a run on the terminal."""
    names = list(splits)
    metrics = list(next(iter(splits.values())).scores.overall)
    heads = {name: f"{name} (chosen on)" if name == "val" else name for name in names}
    width = 24
    positive = next(iter(splits.values())).positive_class
    first = max(20, *(2 + len(METRICS[metric].label(positive)) for metric in metrics))
    lines = ["", " " * first + "".join(f"{heads[name]:<{width}}" for name in names)]
    for metric in metrics:
        figures = [_figure(splits[name].scores.overall[metric]) for name in names]
        label = METRICS[metric].label(positive)
        lines.append(f"{label:<{first}}" + "".join(f"{figure:<{width}}" for figure in figures))
    counts = "".join(f"{f'{len(splits[name]):,}':<{width}}" for name in names)
    lines.append(f"{'images':<{first}}{counts}")
    lines += ["", _baseline_line(splits), *_overlap_lines(splits)]
    lines += _interval_lines(settings, splits)
    lines += [
        "",
        "val chose the best epoch and fitted the decision, so its figures are a little too good.",
    ]
    if "log_loss" in metrics:
        lines.append(
            f"loss is the training objective ({settings.loss.name}) of the raw outputs; "
            "log_loss is of the calibrated probabilities."
        )
    lines.append("")
    lines += [f"{name:<12}{value}" for name, value in facts.items()]
    return "\n".join(line.rstrip() for line in lines)


def _baseline_line(splits: Mapping[str, SplitResult]) -> str:
    """The headline metric of each split under the constant prediction."""
    results = list(splits.values())
    headline = HEADLINES[results[0].has_votes]
    values = ", ".join(
        f"{name} {result.baseline.metrics[headline]:.3f}"
        for name, result in splits.items()
        if headline in result.baseline.metrics
    )
    return f"baseline: {results[0].baseline.prediction}: {headline} {values}"


def _interval_lines(settings: Settings, splits: Mapping[str, SplitResult]) -> list[str]:
    """Return what the brackets mean, and why some figures have none or rest on few images."""
    if settings.evaluation.bootstrap_resamples == 0:
        return []
    lines = ["", "95 % intervals in brackets; floor: ece to expect of calibrated probabilities."]
    for split, result in splits.items():
        lines += [f"{split} {note}." for note in result.scores.notes()]
    return lines


def _overlap_lines(splits: Mapping[str, SplitResult]) -> list[str]:
    """The headline metric of each split without the images that overlap train."""
    return [
        f"{name} without its {result.n_overlapping:,} images that overlap train: {headline} "
        f"{_figure(result.without_overlap.overall[headline])}"
        for name, result in splits.items()
        if result.without_overlap is not None
        for headline in (HEADLINES[result.has_votes],)
    ]


def _figure(measured: Any) -> str:
    if measured["value"] is None:
        return "not defined"
    if "floor" in measured:
        return f"{measured['value']:.3f} (floor {measured['floor']:.3f})"
    if measured["ci95"] is None:
        return f"{measured['value']:.3f}"
    low, high = measured["ci95"]
    return f"{measured['value']:.3f} [{low:.3f}, {high:.3f}]"
