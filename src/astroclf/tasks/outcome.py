"""What a finished training is worth: every split measured once with the best weights."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from astroclf.bundle import write_bundle
from astroclf.data.dataset import TEST, TRAIN, VAL, ImageDataset
from astroclf.device import describe_device, peak_memory_bytes
from astroclf.errors import counted
from astroclf.evaluation.metrics.baseline import baseline_warnings
from astroclf.files import shortest
from astroclf.models.classifier import count_parameters
from astroclf.models.lora import merge_adapters
from astroclf.reports.run.content import DecisionContent, ReportContent, SplitResult
from astroclf.reports.run.report import write_report
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import write_metrics
from astroclf.runs.predictions import write_predictions
from astroclf.settings import Settings
from astroclf.settings.metrics import METRICS
from astroclf.status import status
from astroclf.tasks.build import Setup
from astroclf.tasks.bundle_description import describe_bundle
from astroclf.tasks.decide import compare_with_plain, fit_decision
from astroclf.tasks.results import (
    count_test_evaluations,
    metrics_content,
    predictions_of,
    score_splits,
    summary,
)
from astroclf.tasks.run import Run
from astroclf.tasks.scores import Scoring

log = logging.getLogger(__name__)


@status("writing the results")
def report_outcome(
    run: Run,
    dataset: ImageDataset,
    setup: Setup,
    best: dict[str, Tensor],
    origin: Mapping[str, str],
) -> None:
    """Evaluate the best weights on every split and write all results of the run.

    origin: where the run comes from (commit, versions, fingerprint of the data).
    """
    settings, folder, tracker = run.settings, run.folder.path, run.tracker
    facts = run_facts(settings, setup, dataset.positive_class, run.warnings, origin)
    setup.learner.load_weights(best)
    # The network of the bundle, so that every metric is the bundle's.
    predictor = replace(
        setup.predictor,
        network=merge_adapters(setup.classifier),
        tta_views=settings.evaluation.tta_views,
    )
    log.info("evaluating the weights of epoch %d", setup.progress.best_epoch)
    with status("evaluating"):
        outputs = {
            split: predictor.outputs(batches, setup.loss)
            for split, batches in setup.batches.items()
        }
    fitted = fit_decision(settings, dataset, outputs[VAL].logits)
    facts["decision"] = {**fitted.decision.to_dict(), "notes": fitted.sentences()}
    splits = score_splits(Scoring(dataset, fitted.decision, settings), outputs)
    warnings = [*run.warnings, *compare_with_baseline(dataset, splits)]
    if TEST in splits:
        facts["test_evaluations"] = count_test_evaluations(RunFolder(folder), facts["epochs"])
        if facts["test_evaluations"] > 1:
            warnings.append(
                f"The test split was evaluated {facts['test_evaluations']} times in this run: if its figures led to "
                "the later trainings, they are too good."
            )
    facts["warnings"] = warnings
    compared = {
        split: compare_with_plain(settings, dataset, fitted, split, outputs[split].logits)
        for split in (VAL, TEST)
        if split in outputs
    }
    content = metrics_content(splits, compared, facts)
    write_metrics(RunFolder(folder), content)
    write_predictions(RunFolder(folder), predictions_of(dataset, splits))
    description = describe_bundle(
        settings, dataset, setup.preprocess, fitted.decision, content.to_dict(), origin
    )
    write_bundle(folder / "bundle", predictor.network.state_dict(), description)
    decision = DecisionContent(
        fitted.decision,
        fitted.threshold,
        compared,
        notes=fitted.notes,
    )
    page = report_content(settings, dataset, setup, splits, facts, warnings, decision)
    page = replace(page, weights=layer_weights(predictor.network))
    write_report(folder / "report.html", page)
    tracker.log_tags({"warnings": " ".join(warnings)})
    tracker.log_metrics(final_metrics(splits))
    tracker.log_artifacts([folder / name for name in ("report.html", "metrics.json", "bundle")])
    log.info(summary(settings, splits, closing_facts(setup, folder, facts)))


def compare_with_baseline(dataset: ImageDataset, splits: Mapping[str, SplitResult]) -> list[str]:
    """Log and return a warning where the network is no better than a constant prediction.

    It is looked for on test, or on val where there is no test.
    """
    split = TEST if TEST in splits else VAL
    result = splits[split]
    warnings = baseline_warnings(
        split, result.scores, result.labels, dataset.classes, result.baseline
    )
    for warning in warnings:
        log.warning("\n*** %s\n", warning)
    return warnings


def run_facts(
    settings: Settings,
    setup: Setup,
    positive_class: str | None,
    warnings: Sequence[str],
    origin: Mapping[str, str],
) -> dict[str, Any]:
    """What `metrics.json` says of the run itself."""
    progress, precision = setup.progress, setup.precision
    parameters, trained = count_parameters(setup.classifier)
    return {
        "seed": settings.seed,
        "device": describe_device(setup.device),
        "images_per_s": round(progress.images_per_s, 1),
        "train_s": round(progress.train_s, 2),
        "epochs": progress.epoch,
        "best_epoch": progress.best_epoch,
        "selection_metric": f"val {METRICS[settings.trainer.monitor].label(positive_class)}",
        "positive_class": positive_class,
        "backbone": setup.backbone,
        "parameters": parameters,
        "trained_parameters": trained,
        "peak_memory_mb": round(peak_memory_bytes(setup.device) / 1e6),
        "precision": precision.name,
        "channels_last": precision.channels_last,
        "threads": progress.threads,
        "warnings": list(warnings),
        **origin,
    }


def report_content(
    settings: Settings,
    dataset: ImageDataset,
    setup: Setup,
    splits: Mapping[str, SplitResult],
    facts: Mapping[str, Any],
    warnings: Sequence[str],
    decision: DecisionContent,
) -> ReportContent:
    return ReportContent(
        title=f"{settings.model.name} on {settings.dataset.name}",
        classes=dataset.classes,
        splits=splits,
        history=setup.progress.history,
        monitor=settings.trainer.monitor,
        best_epoch=setup.progress.best_epoch,
        calibration_bins=settings.evaluation.calibration_bins,
        resamples=settings.evaluation.bootstrap_resamples,
        resampled_groups=dataset.groups is not None,
        facts=report_facts(facts),
        warnings=warnings,
        decision=decision,
    )


def report_facts(facts: Mapping[str, Any]) -> dict[str, str]:
    """Those facts of the run that a reader of the report looks for; metrics.json has them all."""
    commit, _, changes = facts["git_commit"].partition("+")
    return {
        "seed": str(facts["seed"]),
        "device": facts["device"],
        "precision": facts["precision"],
        "images_per_s": f"{facts['images_per_s']:.0f}",
        "train_s": f"{facts['train_s']:.0f}",
        "epochs": f"{facts['epochs']}, best {facts['best_epoch']}",
        "selection_metric": facts["selection_metric"],
        "backbone": facts["backbone"],
        "parameters": f"{facts['parameters']:,}",
        "git_commit": commit[:10] + (f" +{changes}" if changes else "") or "none",
        "torch": facts["torch"],
        "dataset_fingerprint": facts["dataset_fingerprint"],
    }


def layer_weights(network: nn.Module) -> dict[str, np.ndarray]:
    """layer -> its kernel or matrix, flat float32."""
    return {
        name.removesuffix(".weight"): parameter.detach().float().cpu().numpy().ravel()
        for name, parameter in network.named_parameters()
        if parameter.ndim > 1
    }


def final_metrics(splits: Mapping[str, SplitResult]) -> dict[str, float]:
    """`<split>_<metric>` -> value of the best weights, for the tracker.

    val has those names from its epochs already, so it is called best_val here; train is left to
    metrics.json, since it says little and would stand before the others in every list.
    """
    return {
        f"{'best_' if split == VAL else ''}{split}_{metric}": measured["value"]
        for split, result in splits.items()
        for metric, measured in result.scores.overall.items()
        if measured["value"] is not None and split != TRAIN
    }


def closing_facts(setup: Setup, folder: Path, facts: Mapping[str, Any]) -> dict[str, str]:
    """What ends the summary: the time it took, and where everything lies."""
    folder = shortest(folder)
    lines = {
        "trained": f"{counted(facts['epochs'], 'epoch')} (best: {facts['best_epoch']}, by {facts['selection_metric']}), {counted(setup.progress.global_step, 'step')} in {facts['train_s']:.0f} s, "
        f"{facts['images_per_s']:.0f} images/s on {facts['device']}",
        "weights": setup.initialization,
        "report": str(folder / "report.html"),
        "model": str(folder / "bundle"),
        "all else": str(folder),
    }
    if setup.warning:
        lines["warning"] = setup.warning
    return lines
