"""Setup of a training: network, batches and learner from the settings and the data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from astroclf.data.batches import Batches, Epochs, place_images
from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.data.preprocess import Preprocess, display_unit, fit_preprocess
from astroclf.errors import UserError, one_line
from astroclf.evaluation.metrics import HIGHER_IS_BETTER
from astroclf.models import BuiltModel, Classifier, build_model
from astroclf.models.classifier import trains_batch_norm
from astroclf.models.finetune import GradualUnfreezing, apply_finetune, parameter_groups
from astroclf.settings import Settings, sections
from astroclf.status import status
from astroclf.tasks.frozen import can_cache_features, features_of_splits, place
from astroclf.tasks.memory import Memory
from astroclf.training.autotune import TrainingStep, choose_numerics
from astroclf.training.checkpoint import restore_random_states
from astroclf.training.features import FeatureBatches, hash_weights
from astroclf.training.learner import Learner
from astroclf.training.losses import Loss, make_loss
from astroclf.training.numerics import Numerics
from astroclf.training.optimizers import Schedule, make_optimizer
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
    memory: Memory | None = None,
) -> Setup:
    """Build network, batches and learner; with `stored`, as the checkpoint of a run left them.

    Raises UserError where the settings do not fit the network, or the checkpoint fits neither.
    """
    memory = memory or Memory()
    threads = set_threads(settings.trainer.threads, device)
    torch.manual_seed(settings.seed)
    built = start_model(settings, dataset, stored)
    preprocess = choose_preprocess(dataset, built, stored, memory)
    apply_finetune(built.classifier, settings.finetune)
    classifier = built.classifier.to(device)  # with its adapters
    require_room_for_batch_norm(settings, dataset, classifier)
    loss = make_loss(settings.loss, dataset, device)
    images = make_batches(settings, dataset, preprocess, device, memory)
    measure = partial(measure_numerics, settings, classifier, loss, images[TRAIN], device)
    batches: dict[str, Epochs] = dict(images)
    if can_cache_features(settings):
        batches |= features_of_splits(
            settings, classifier, images, dataset.pictures_fingerprint, device, memory, measure
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


def start_model(
    settings: Settings, dataset: ImageDataset, stored: dict[str, Any] | None
) -> BuiltModel:
    """The classifier with its first weights.

    A resumed one gets its own weights back later, so that only frozen ones, which no checkpoint
    holds, must be had again.
    """
    model = settings.model
    if stored is not None and isinstance(settings.finetune, sections.Full):
        model = model.model_copy(update={"pretrained": False, "weights": None})
    built = build_model(
        model,
        channels=dataset.channels,
        outputs=len(dataset.classes),
        image_px=dataset.image_px,
    )
    if stored is None:
        return built
    return BuiltModel(built.classifier, stored["backbone"], stored["warning"])


def choose_preprocess(
    dataset: ImageDataset, built: BuiltModel, stored: dict[str, Any] | None, memory: Memory
) -> Preprocess:
    """That of the stopped run; else with the normalisation of the weights, where they have one for
    such images; else as it is fitted to the training images."""
    if stored is not None:
        return Preprocess.from_dict(stored["preprocess"])
    known, stretch = built.normalisation, dataset.pixels.stretch
    if known is None or len(known.mean) != dataset.channels or stretch == "linear":
        key = (dataset.fingerprint, dataset.pixels)
        return memory.recall("preprocess", key, lambda: fit_preprocess(dataset))
    return Preprocess(stretch, display_unit(dataset.images), known.mean, known.std)


def warn_of_weights(settings: Settings, built: BuiltModel) -> str:
    """Return warnings about the initial weights, e.g. a frozen backbone without pretraining."""
    if isinstance(settings.finetune, sections.Full) or built.backbone != "random":
        return built.warning
    frozen = (
        f"finetune={settings.finetune.name} keeps the backbone as it starts, and it starts from RANDOM weights: "
        "give it some (model.pretrained, model.weights), or choose finetune=full."
    )
    return f"{built.warning} {frozen}".strip()


def require_room_for_batch_norm(
    settings: Settings, dataset: ImageDataset, classifier: Classifier
) -> None:
    """Raise UserError if batch norm would train on batches of one image, which have no variance."""
    n_train = len(dataset.indices(TRAIN))
    if min(n_train, settings.trainer.batch_size) > 1 or not trains_batch_norm(classifier):
        return
    cause = "train has one image" if n_train == 1 else "trainer.batch_size=1"
    raise UserError(
        f"{cause}: {settings.model.name} has batch norm, which needs two images a batch to train on. Choose "
        "trainer.batch_size=2 or more, finetune=classifier or lora, or a network without batch norm (model=vit, convnext)."
    )


def make_batches(
    settings: Settings,
    dataset: ImageDataset,
    preprocess: Preprocess,
    device: torch.device,
    memory: Memory,
) -> dict[str, Batches]:
    """The batches of each split, all from the same images in memory."""
    share = settings.trainer.resident_share
    images = memory.recall(
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
    """Those of the stopped run, unless it ran on another kind of device."""
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


def planned_steps(trainer: sections.Trainer, steps_per_epoch: int) -> int:
    """Return after how many steps the run ends, unless it loses its patience before."""
    steps = trainer.epochs * steps_per_epoch
    return steps if trainer.max_steps is None else min(steps, trainer.max_steps)


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
    steps_per_epoch = -(-train.steps // settings.trainer.accumulate)
    schedule = Schedule(
        settings.scheduler,
        optimizer,
        total_steps=planned_steps(settings.trainer, steps_per_epoch),
        steps_per_epoch=steps_per_epoch,
        higher_is_better=HIGHER_IS_BETTER[settings.trainer.monitor],
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
        clip_norm=settings.trainer.clip_norm,
        ema_decay=settings.trainer.ema_decay,
        frozen=frozenset() if on_features else classifier.frozen,
        begin_epoch=unfreezing,
    )


def put_back(
    stored: dict[str, Any], learner: Learner, frozen_hash: str
) -> tuple[Progress, dict[str, torch.Tensor]]:
    """Give the learner its state and the generators theirs; returns the progress and best weights.

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
