"""What a finished training is worth: every split measured once with the best weights."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from astroclf.bundle import write_bundle
from astroclf.data.dataset import TRAIN, VAL, ImageDataset
from astroclf.evaluation.report import write_report
from astroclf.evaluation.report_content import ReportContent, SplitResult
from astroclf.settings import Settings
from astroclf.tasks.results import score_splits, summary, write_metrics, write_predictions
from astroclf.tasks.scores import Scoring
from astroclf.tasks.setup import Setup
from astroclf.tracking import Tracker
from astroclf.training.device import describe_device
from astroclf.training.inference import run_network

log = logging.getLogger(__name__)


def report_outcome(
    settings: Settings,
    dataset: ImageDataset,
    setup: Setup,
    best: dict[str, Tensor],
    folder: Path,
    tracker: Tracker,
    warnings: Sequence[str],
    origin: Mapping[str, str],
) -> None:
    """Evaluate the best weights on every split and write all results of the run.

    origin: where the run comes from (commit, versions, fingerprint of the data).
    """
    setup.network.load_state_dict(best)
    outputs = {
        split: run_network(setup.network, batches, setup.loss)
        for split, batches in setup.batches.items()
    }
    splits = score_splits(Scoring(dataset, setup.activation, settings), outputs)
    facts = run_facts(settings, setup, warnings, origin)
    content = write_metrics(folder / "metrics.json", splits, facts)
    write_predictions(folder / "predictions.csv", dataset, splits)
    write_bundle(
        folder / "bundle",
        best,
        model=settings.model.model_dump(),
        dataset=dataset,
        preprocess=setup.preprocess,
        activation=setup.activation,
        facts={"dataset": settings.dataset.model_dump(), "metrics": content},
    )
    write_report(
        folder / "report.html", report_content(settings, dataset, setup, splits, facts, warnings)
    )
    tracker.log_metrics(final_metrics(splits))
    tracker.log_artifacts([folder / name for name in ("report.html", "metrics.json", "bundle")])
    log.info(summary(settings, splits, closing_facts(setup, folder, tracker, facts)))


def run_facts(
    settings: Settings, setup: Setup, warnings: Sequence[str], origin: Mapping[str, str]
) -> dict[str, Any]:
    """What `metrics.json` says of the run itself."""
    progress, numerics = setup.progress, setup.learner.numerics
    return {
        "seed": settings.seed,
        "device": describe_device(setup.learner.device),
        "images_per_s": round(progress.images_per_s, 1),
        "train_s": round(progress.train_s, 2),
        "epochs": progress.epoch,
        "best_epoch": progress.best_epoch,
        "chosen_on": f"val {settings.trainer.monitor}",
        "backbone": setup.backbone,
        "parameters": sum(parameter.numel() for parameter in setup.network.parameters()),
        "precision": numerics.precision,
        "channels_last": numerics.channels_last,
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
) -> ReportContent:
    return ReportContent(
        title=f"{settings.model.name} on {settings.dataset.name}",
        classes=dataset.classes,
        splits=splits,
        history=setup.progress.history,
        monitor=settings.trainer.monitor,
        best_epoch=setup.progress.best_epoch,
        calibration_bins=settings.evaluation.calibration_bins,
        resamples=settings.evaluation.bootstrap,
        resampled_groups=dataset.groups is not None,
        facts=report_facts(facts),
        warnings=warnings,
        weights=layer_weights(setup.network),
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
        "chosen_on": facts["chosen_on"],
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


def closing_facts(
    setup: Setup, folder: Path, tracker: Tracker, facts: Mapping[str, Any]
) -> dict[str, str]:
    """What ends the summary: the time it took, and where everything lies."""
    folder = shortest(folder)
    lines = {
        "trained": f"{facts['epochs']} epochs (best: {facts['best_epoch']}) in {facts['train_s']:.0f} s, "
        f"{facts['images_per_s']:.0f} images/s on {facts['device']}",
        "weights": f"started from {setup.backbone} weights",
        "report": str(folder / "report.html"),
        "model": str(folder / "bundle"),
        "all else": str(folder),
    }
    if setup.warning:
        lines["warning"] = setup.warning
    if tracker.where:
        lines["compare"] = tracker.where
    return lines


def shortest(folder: Path) -> Path:
    """The folder as one would type it from here."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
