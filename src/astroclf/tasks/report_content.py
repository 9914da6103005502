"""Content of the report of a training: its results, and what was run, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
from torch import nn

from astroclf.data.audit.leaks import find_leaks
from astroclf.data.dataset import ImageDataset
from astroclf.data.thumbnails import make_thumbnails
from astroclf.evaluation.results import Evaluation
from astroclf.reports.run.content import ReportContent
from astroclf.runs.metrics import RunFacts
from astroclf.settings import Settings, words
from astroclf.tasks.leak_content import leak_content
from astroclf.tasks.run import Run
from astroclf.tasks.trained import Trained
from astroclf.tasks.training import Training

PREDICTIONS_LINK, METRICS_LINK = "predictions of every image (CSV)", "metrics (JSON)"
PACKAGES = ("torch", "timm", "numpy")


def report_content(
    run: Run, trained: Trained, evaluation: Evaluation, facts: RunFacts, network: nn.Module
) -> ReportContent:
    """Return the content of report.html."""
    settings, training = run.settings, trained.training
    dataset, progress = training.dataset, training.progress
    shown = dataset.indices(evaluation.shown_split)
    from_scratch = settings.finetune.name == "full" and training.backbone == "random"
    return ReportContent(
        title=words.title(settings, dataset.classes, from_scratch=from_scratch),
        evaluation=evaluation,
        thumbnails=lambda chosen: make_thumbnails(dataset, shown[chosen]),
        history=progress.history,
        monitor=settings.trainer.monitor,
        best_epoch=progress.best_epoch,
        calibration_bins=settings.evaluation.calibration_bins,
        resamples=settings.evaluation.bootstrap_resamples,
        about={
            "Data": describe_data(settings, dataset),
            "Network": describe_network(settings, training, facts),
            "Training": describe_training(settings, facts),
            "Software and hardware": describe_software(facts),
        },
        command=facts.command,
        links=result_links(run),
        warnings=facts.warnings,
        weights=layer_weights(network),
        leaks=leak_content(dataset) if find_leaks(dataset) else None,
    )


def describe_data(settings: Settings, dataset: ImageDataset) -> dict[str, str]:
    """Return the origin of the images, and the arrays that they become."""
    px, bands = dataset.image_px, dataset.pixels.bands
    scale = dataset.pixels.pixel_scale_arcsec
    return {
        **words.describe_data(settings.dataset),
        "image size": f"{px} × {px} px" + (f" of {scale:g}″" if scale else ""),
        "bands": ", ".join(bands),
        "pixel values": STRETCHES[dataset.pixels.stretch],
        **({"stretch of flux": settings.flux.name} if dataset.pixels.stretch == "linear" else {}),
        **({} if dataset.cutouts is None else dataset.cutouts.describe()),
        **({} if dataset.groups is None else {"groups": _grouping(dataset)}),
        "fingerprint of the data": dataset.fingerprint[:12],
    }


STRETCHES = {
    "linear": "flux (linear)",
    "asinh": "asinh stretch, as in color composites",
    "srgb": "sRGB",
}


def describe_network(settings: Settings, training: Training, facts: RunFacts) -> dict[str, str]:
    """Return the network, its first weights, and the weights that were trained."""
    total, trained = facts.parameters or 0, facts.trained_parameters or 0
    return {
        "network": settings.model.name,
        "initial weights": training.initialization,
        "strategy": words.describe_strategy(settings.finetune),
        "trained parameters": f"{trained:,} of {total:,} ({trained / max(1, total):.1%})",
    }


def describe_training(settings: Settings, facts: RunFacts) -> dict[str, str]:
    """Return the optimization and its cost."""
    return {
        "loss": words.describe_loss(settings.loss),
        "optimizer": words.describe_optimizer(settings.optimizer),
        "learning rate": words.describe_learning_rate(settings),
        "schedule": words.describe_schedule(settings.scheduler),
        "batch": words.describe_batches(settings.trainer),
        "augmentation": words.describe_augmentation(settings.augment),
        "epochs": f"{facts.epochs}, best {facts.best_epoch} by {facts.selection_metric}",
        "early stopping": words.describe_stopping(settings.trainer),
        "duration": f"{facts.train_s:,.0f} s ({facts.images_per_s or 0:,.0f} images/s)",
    }


def describe_software(facts: RunFacts) -> dict[str, str]:
    """Return the seed, the device, and the versions behind the numbers."""
    versions: Mapping[str, str] = facts.model_extra or {}
    commit, _, changes = versions.get("git_commit", "").partition("+")
    code = f" (commit {commit[:10]}{f', with {changes}' if changes else ''})" if commit else ""
    present = [f"{name} {versions[name]}" for name in PACKAGES if name in versions]
    return {
        "date": date_of(facts.finished),
        "seed": str(facts.seed),
        "device": facts.device,
        "precision": facts.precision,
        "astroclf": f"{versions.get('astroclf', 'unknown')}{code}",
        "libraries": ", ".join([f"Python {versions.get('python', '')}", *present]),
    }


def date_of(finished: str) -> str:
    """Return the day and minute of a time in ISO 8601, with its offset from UTC."""
    return f"{datetime.fromisoformat(finished):%Y-%m-%d %H:%M UTC%z}" if finished else "unknown"


def result_links(run: Run) -> dict[str, str]:
    """Return text -> address, relative to the report for files in the run folder."""
    folder = run.folder
    links = {
        PREDICTIONS_LINK: folder.predictions.name,
        METRICS_LINK: folder.metrics.name,
        "learning curves (CSV)": folder.history.name,
        "the model (bundle)": f"{folder.bundle.name}/",
        "settings": folder.settings.name,
    }
    page = run.tracker.page
    return {**links, "MLflow run": page} if page else links


def layer_weights(network: nn.Module) -> dict[str, np.ndarray]:
    """Return layer -> its kernel or matrix, flat float32."""
    return {
        name.removesuffix(".weight"): parameter.detach().float().cpu().numpy().ravel()
        for name, parameter in network.named_parameters()
        if parameter.ndim > 1
    }


def _grouping(dataset: ImageDataset) -> str:
    n = len(np.unique(dataset.groups))  # type: ignore[arg-type]
    return f"{n:,}, each in one split"
