"""State of a training: network, loaders and learner, and what the epochs so far have measured."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from astroclf.data.dataset import ImageDataset
from astroclf.data.loader import ImageLoader, Loader
from astroclf.data.preprocess import Preprocess
from astroclf.device import peak_memory_bytes
from astroclf.inference.predictor import Predictor
from astroclf.models import Classifier
from astroclf.models.classifier import count_parameters
from astroclf.runs.metrics import Metrics
from astroclf.settings.metrics import COSTS
from astroclf.training.callbacks import Callback
from astroclf.training.learner import Learner
from astroclf.training.losses import Loss
from astroclf.training.precision import Precision
from astroclf.training.progress import Progress

AVERAGED_EPOCHS = 5  # of objective_epoch=mean


@dataclass(frozen=True)
class Training:
    """Network, loaders and learner of a training.

    classifier: the whole network; learner trains it, or its head alone on cached features.
    image_loaders: split -> loader of its images. loaders: split -> loader that the learner trains on,
    of the images or of cached features. backbone: origin of the weights, and frozen_hash: their hash.
    warning: about the initial weights, or None. callbacks: of every training with these settings.
    """

    dataset: ImageDataset
    classifier: Classifier
    learner: Learner
    image_loaders: dict[str, ImageLoader]
    loaders: dict[str, Loader]
    preprocess: Preprocess
    backbone: str
    frozen_hash: str
    warning: str | None
    device: torch.device
    callbacks: Sequence[Callback]

    @property
    def progress(self) -> Progress:
        """Finished epochs and steps, with the history."""
        return self.learner.progress

    @property
    def loss(self) -> Loss:
        """Loss of logits and targets, one value an image."""
        return self.learner.loss

    @property
    def predictor(self) -> Predictor:
        """Predictor of the network in its present state, without test-time augmentation."""
        return Predictor(self.classifier, self.preprocess, device=self.device)

    @property
    def initialization(self) -> str:
        """Initialization of the backbone, in words."""
        if self.backbone == "random":
            return "initialized at random"
        return f"initialized from {self.backbone} weights"

    @property
    def precision(self) -> Precision:
        """Precision and memory format of the steps."""
        return self.learner.precision

    def measured(self, objective_epoch: str = "best") -> dict[str, float]:
        """Return the objectives that a sweep can optimize: every metric of val, and the costs.

        objective_epoch: "best" by the monitored metric, "last", or "mean" of the last epochs. The best
        of many epochs is a maximum, which favors noisy learning curves. A metric is NaN where no epoch
        improved on NaN. The costs are those of `settings.metrics.COSTS`.
        """
        rows = self._epochs(objective_epoch)
        known = self.progress.best_epoch > 0
        metrics = {
            name.removeprefix("val_"): statistics.fmean(row[name] for row in rows)
            if known
            else math.nan
            for name in (rows[0] if rows else ())
            if name.startswith("val_")
        }
        parameters, trained = count_parameters(self.classifier)
        costs = (parameters, trained, self.progress.train_s, self.progress.images_per_s)
        return {**metrics, **dict(zip(COSTS, map(float, costs), strict=True))}

    def metrics_so_far(self, objective_epoch: str) -> Metrics:
        """Return the content of metrics.json of a trial: the loss on train, every metric on val."""
        measured = self.measured(objective_epoch)
        val = {name: _entry(value) for name, value in measured.items() if name not in COSTS}
        train = statistics.fmean(row["train_loss"] for row in self._epochs(objective_epoch))
        run = {
            "epochs": self.progress.epoch,
            "best_epoch": self.progress.best_epoch,
            "peak_memory_mb": round(peak_memory_bytes(self.device) / 1e6),
            **{
                name: int(measured[name]) if "parameters" in name else measured[name]
                for name in COSTS
            },
        }
        return Metrics.of({"train": {"loss": _entry(train)}, "val": val, "run": run})

    def _epochs(self, which: str) -> list[dict[str, float]]:
        history = self.progress.history
        if which == "best":
            return history[max(0, self.progress.best_epoch - 1) :][:1]
        return history[-1:] if which == "last" else history[-AVERAGED_EPOCHS:]


def _entry(value: float) -> dict[str, float | None]:
    """Return the entry of a metric without an interval."""
    return {"value": value if math.isfinite(value) else None, "ci95": None}
