"""What a finished training leaves in its folder."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from astroclf.data.audit import find_leaks, overlaps_train
from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.data.thumbnails import make_thumbnails
from astroclf.evaluation.decisions.comparison import ComparedDecisions
from astroclf.evaluation.metrics.baseline import HEADLINES, constant_baseline
from astroclf.files import read_json, write_csv, write_json
from astroclf.inference.predictor import Outputs
from astroclf.reports.run.content import SplitResult
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


def write_metrics(
    file: Path,
    splits: Mapping[str, SplitResult],
    compared: Mapping[str, ComparedDecisions],
    run: Mapping[str, Any],
) -> dict[str, Any]:
    """Write metrics.json; returns what stands in it.

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
    write_json(file, content)
    return content


def count_test_evaluations(file: Path, epochs: int) -> int:
    """Return how many trainings of a run were evaluated on test, with the one of so many epochs.

    file: the metrics.json that the run may have from before it was resumed.
    """
    try:
        before = read_json(file)["run"]
        return int(before["test_evaluations"]) + int(before["epochs"] != epochs)
    except (OSError, ValueError, KeyError, TypeError):
        return 1


def write_predictions(file: Path, dataset: ImageDataset, splits: Mapping[str, SplitResult]) -> None:
    """Write predictions.csv: id, split, truth, label, and p_<class> for each class.

    For vote fractions, truth and label are the answers with most votes, p_<answer> are the
    predicted and vote_<answer> the given fractions.
    """
    names = list(dataset.classes)
    classes = np.array(names)
    votes = [f"vote_{name}" for name in names] if dataset.has_votes else []
    rows: list[list[str]] = []
    for split, result in splits.items():
        truth = result.targets.argmax(axis=1) if dataset.has_votes else result.targets
        numbers = result.predictions
        if dataset.has_votes:
            numbers = np.hstack([result.predictions, result.targets])
        labels = result.predictions.argmax(axis=1) if result.labels is None else result.labels
        rows += [
            [image, split, true, label, *(f"{x:.6g}" for x in row)]
            for image, true, label, row in zip(
                result.ids, classes[truth], classes[labels], numbers, strict=True
            )
        ]
    write_csv(
        file, ["id", "split", "truth", "label", *(f"p_{name}" for name in names), *votes], rows
    )


def write_history(file: Path, history: list[dict[str, float]]) -> None:
    """Write history.csv anew, as far as it is known: one row an epoch."""
    file.unlink(missing_ok=True)
    for row in history:
        append_history(file, row)


def append_history(file: Path, row: Mapping[str, float]) -> None:
    """Add the row of an epoch that has just ended, so that others can watch."""
    is_new = not file.exists()
    with file.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(row))
        if is_new:
            writer.writeheader()
        writer.writerow(row)


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
