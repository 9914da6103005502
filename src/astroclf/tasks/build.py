"""Setup of a training: network, batches and learner from the settings and the data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.data.loader import Batches, Epochs, place_images
from astroclf.data.preprocess import Preprocess
from astroclf.errors import UserError, one_line
from astroclf.inference.features import FeatureBatches, hash_weights
from astroclf.inference.predictor import Predictor
from astroclf.models import Classifier
from astroclf.models.finetune import GradualUnfreezing, apply_finetune, parameter_groups
from astroclf.settings import Settings, sections
from astroclf.settings.metrics import METRICS
from astroclf.status import status
from astroclf.tasks.cache import Cache
from astroclf.tasks.cached_features import can_cache_features, features_of_splits, place
from astroclf.tasks.initial_model import (
    choose_preprocess,
    require_room_for_batch_norm,
    start_model,
    warn_of_weights,
)
from astroclf.training.autotune import TrainingStep, choose_numerics
from astroclf.training.checkpoint import restore_random_states
from astroclf.training.learner import Learner
from astroclf.training.loop import run_steps_left, steps_of_epoch
from astroclf.training.losses import Loss, make_loss
from astroclf.training.optimizers import Schedule, make_optimizer
from astroclf.training.precision import Numerics
from astroclf.training.progress import Progress
from astroclf.training.threads import Threads, set_threads, warn_of_change

NUMERICS_FILE = "numerics.json"
# What loading a state into another network, optimizer or generator raises.
UNFIT_STATE = (RuntimeError, ValueError, KeyError, TypeError, AttributeError, IndexError)


@dataclass(frozen=True)
class Setup:
    """Network, batches and learner of a training.

    classifier: the whole network; learner trains it, or its head alone on cached features.
    images: split -> its batches of images. batches: split -> what the learner trains on, the same
    or cached features. backbone: where the weights came from, and frozen_hash: which ones they are.
    warning: about those weights, or "". threads: the CPU threads it runs with.
    """

    classifier: Classifier
    learner: Learner
    images: dict[str, Batches]
    batches: dict[str, Epochs]
    preprocess: Preprocess
    backbone: str
    frozen_hash: str
    warning: str
    progress: Progress
    best: dict[str, torch.Tensor]
    threads: Threads

    @property
    def loss(self) -> Loss:
        return self.learner.loss

    @property
    def predictor(self) -> Predictor:
        """The network as it is now, without test-time augmentation."""
        return Predictor(self.classifier, self.preprocess, device=self.learner.device)

    @property
    def initialization(self) -> str:
        """Describe how the backbone was initialized."""
        if self.backbone == "random":
            return "initialized at random"
        return f"initialized from {self.backbone} weights"

    @property
    def numerics(self) -> Numerics:
        """The precision and memory format in which training runs."""
        return self.learner.numerics


@status("preparing the training")
def prepare(
    settings: Settings,
    dataset: ImageDataset,
    device: torch.device,
    stored: dict[str, Any] | None,
    cache: Cache | None = None,
) -> Setup:
    """Build network, batches and learner; with `stored`, as the checkpoint of a run left them.

    Raises UserError where the settings do not fit the network, or the checkpoint fits neither.
    """
    cache = cache or Cache()
    threads = set_threads(settings.trainer.threads, device)
    torch.manual_seed(settings.seed)
    built = start_model(settings, dataset, stored)
    preprocess = choose_preprocess(dataset, built, stored, cache)
    apply_finetune(built.classifier, settings.finetune)
    classifier = built.classifier.to(device)  # with its adapters
    require_room_for_batch_norm(settings, dataset, classifier)
    loss = make_loss(settings.loss, dataset, device)
    images = make_batches(settings, dataset, preprocess, device, cache)
    measure = partial(measure_numerics, settings, classifier, loss, images[TRAIN], device)
    batches: dict[str, Epochs] = dict(images)
    if can_cache_features(settings):
        batches |= features_of_splits(
            settings, classifier, images, dataset.pictures_fingerprint, device, cache, measure
        )
        # A head is too small to gain from a lower precision.
        numerics = Numerics("fp32", channels_last=False)
    else:
        numerics = recall_numerics(stored, device) or measure(settings.trainer.precision)
        place(numerics, classifier, images, device)
    learner = make_learner(settings, classifier, loss, numerics, batches[TRAIN], device)
    frozen = {n: w for n, w in classifier.state_dict().items() if n in classifier.frozen}
    frozen_hash = hash_weights(frozen)
    progress, best = Progress(), learner.weights()
    if stored is not None:
        progress, best = put_back(stored, learner, frozen_hash)
        warn_of_change(progress.threads, threads.number)
    progress.record_threads(threads.number)
    return Setup(
        classifier=classifier,
        learner=learner,
        images=images,
        batches=batches,
        preprocess=preprocess,
        backbone=built.backbone,
        frozen_hash=frozen_hash,
        warning=built.warning if stored is not None else warn_of_weights(settings, built),
        progress=progress,
        best=best,
        threads=threads,
    )


def make_batches(
    settings: Settings,
    dataset: ImageDataset,
    preprocess: Preprocess,
    device: torch.device,
    cache: Cache,
) -> dict[str, Batches]:
    """Return the batches of each split, all from the same images in memory."""
    share = settings.trainer.device_cache_fraction
    images = cache.get_or_create(
        "images",
        (settings.dataset, device, share),
        lambda: place_images(dataset.images, device, share),
    )
    targets = torch.from_numpy(np.ascontiguousarray(dataset.targets)).to(device)
    return {
        split: Batches(
            images,
            targets,
            dataset.indices(split),
            preprocess,
            batch_size=settings.trainer.batch_size,
        )
        for split in dataset.split_names
    }


def recall_numerics(stored: dict[str, Any] | None, device: torch.device) -> Numerics | None:
    """Return the numerics of a resumed run, None if it ran on another kind of device."""
    if stored is None or stored["device_type"] != device.type:
        return None
    return Numerics(**stored["numerics"])


def measure_numerics(
    settings: Settings,
    classifier: Classifier,
    loss: Loss,
    train: Batches,
    device: torch.device,
    precision: str,
) -> Numerics:
    """Return the fastest numerics that the settings allow, with that precision."""
    trainer = settings.trainer.model_copy(update={"precision": precision})
    batch = next(train.in_order())
    step = TrainingStep(classifier, loss, batch.image, batch.target, device)
    return choose_numerics(trainer, step, Path(settings.dataset.cache) / NUMERICS_FILE)


def make_learner(
    settings: Settings,
    classifier: Classifier,
    loss: Loss,
    numerics: Numerics,
    train: Epochs,
    device: torch.device,
) -> Learner:
    """Return the learner of the classifier, or of its head alone where `train` holds features."""
    on_features = isinstance(train, FeatureBatches)
    groups = parameter_groups(classifier, settings.finetune, settings.optimizer.lr)
    optimizer = make_optimizer(settings.optimizer, groups)
    schedule = Schedule(
        settings.scheduler,
        optimizer,
        total_steps=run_steps_left(train, settings.trainer, Progress()),
        steps_per_epoch=steps_of_epoch(train, settings.trainer),
        higher_is_better=METRICS[settings.trainer.monitor].higher_is_better,
    )
    unfreezing = None
    if isinstance(settings.finetune, sections.Full) and settings.finetune.unfreeze_epochs:
        unfreezing = GradualUnfreezing(classifier, settings.finetune.unfreeze_epochs)
    return Learner(
        classifier.head if on_features else classifier,
        loss,
        optimizer,
        schedule,
        numerics,
        device,
        grad_clip_norm=settings.trainer.grad_clip_norm,
        ema_decay=settings.trainer.ema_decay,
        frozen=frozenset() if on_features else classifier.frozen,
        begin_epoch=unfreezing,
    )


def put_back(
    stored: dict[str, Any], learner: Learner, frozen_hash: str
) -> tuple[Progress, dict[str, torch.Tensor]]:
    """Restore the states of the learner and the random generators; return progress and best weights.

    Raises UserError if the state is that of another network, or of other frozen weights.
    """
    if stored["frozen_hash"] != frozen_hash:
        raise UserError(
            "The frozen weights that this run began with could not be had again, and others would give "
            f"another result: it began from {stored['backbone']} weights (model.pretrained, model.weights)."
        )
    try:
        learner.load_weights(stored["best"])  # refuses unfit ones now, not after the last epoch
        learner.load_state_dict(stored["learner"])
        restore_random_states(stored["random_states"])
    except UNFIT_STATE as error:
        raise UserError(
            f"The checkpoint does not fit the model of this run, it comes from another one: {one_line(error)}"
        ) from error
    best = {name: weight.to(learner.device) for name, weight in stored["best"].items()}
    return Progress(**stored["progress"]), best
