"""Build a training: network, loaders and learner from the settings and the data."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from astroclf.data.batch_sampler import BatchSampler
from astroclf.data.batches import ImageValues
from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.data.loader import ImageLoader, Loader, place_images
from astroclf.data.mixing import Mixing
from astroclf.data.preprocess import Preprocess
from astroclf.data.sampling import sampling_of
from astroclf.errors import UserError, one_line
from astroclf.inference.features import FeatureLoader, hash_weights
from astroclf.models import Classifier
from astroclf.models.finetune import apply_finetune, parameter_groups
from astroclf.runs.checkpoint import Checkpoint
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
from astroclf.tasks.training import Training
from astroclf.tasks.unfreezing import GradualUnfreezing
from astroclf.training.autotune import TrainingStep, choose_precision
from astroclf.training.callbacks import Callback
from astroclf.training.learner import Learner, UpdateRule
from astroclf.training.losses import Loss, make_loss
from astroclf.training.monitor import Monitor
from astroclf.training.optimizers import Schedule, make_optimizer
from astroclf.training.plan import Plan
from astroclf.training.precision import Precision
from astroclf.training.threads import set_threads
from astroclf.training.vote_losses import loss_targets

PRECISION_FILE = "precision.json"
# Raised by loading a state into another network, optimizer or generator.
UNFIT_STATE = (RuntimeError, ValueError, KeyError, TypeError, AttributeError, IndexError)


@status("preparing the training")
def prepare(
    settings: Settings,
    dataset: ImageDataset,
    device: torch.device,
    stored: Checkpoint | None,
    cache: Cache | None = None,
) -> Training:
    """Build network, loaders and learner; with `stored`, in the state of a checkpoint.

    Raises UserError if the settings do not fit the network, or the checkpoint fits neither.
    """
    cache = cache or Cache()
    threads = set_threads(settings.trainer.threads, device)
    torch.manual_seed(settings.seed)
    built = start_model(settings, dataset, stored)
    preprocess = choose_preprocess(settings, dataset, built, stored, cache)
    apply_finetune(built.classifier, settings.finetune)
    classifier = built.classifier.to(device)  # with its adapters
    require_room_for_batch_norm(settings, dataset, classifier)
    loss = make_loss(settings.loss, dataset, device)
    images = make_loaders(settings, dataset, preprocess, device, cache)
    measure = partial(measure_precision, settings, classifier, loss, images[TRAIN], device)
    loaders: dict[str, Loader] = dict(images)
    if can_cache_features(settings):
        loaders |= features_of_splits(
            settings, classifier, images, dataset.pictures_fingerprint, cache, measure
        )
        # A head is too small to gain from a lower precision.
        precision = Precision("fp32", channels_last=False)
    else:
        precision = stored_precision(stored, device) or measure(settings.trainer.precision)
        place(precision, classifier, images, device)
    learner = make_learner(settings, classifier, loss, precision, loaders[TRAIN])
    frozen = {n: w for n, w in classifier.state_dict().items() if n in classifier.frozen}
    frozen_hash = hash_weights(frozen)
    if stored is not None:
        restore(stored, learner, frozen_hash)
    return Training(
        dataset=dataset,
        classifier=classifier,
        learner=learner,
        image_loaders=images,
        loaders=loaders,
        preprocess=preprocess,
        backbone=built.backbone,
        frozen_hash=frozen_hash,
        warning=built.warning if stored is not None else warn_of_weights(settings, built),
        device=device,
        callbacks=[threads, *stage_callbacks(settings, classifier)],
    )


def make_loaders(
    settings: Settings,
    dataset: ImageDataset,
    preprocess: Preprocess,
    device: torch.device,
    cache: Cache,
) -> dict[str, ImageLoader]:
    """Return the image loader of each split, all from the same images in memory."""
    share = settings.trainer.device_cache_fraction
    images = cache.get_or_create(
        "images",
        (settings.dataset, device, share),
        lambda: place_images(dataset.images, device, share),
    )
    targets = loss_targets(settings.loss, dataset)
    columns = settings.model.features_columns
    values = ImageValues.of(replace(dataset, targets=targets), device, columns)
    trainer = settings.trainer

    def make(split: str) -> ImageLoader:
        positions, is_train = dataset.indices(split), split == TRAIN
        sampling = sampling_of(trainer, dataset) if is_train else None
        sampler = BatchSampler(positions, trainer.batch_size, settings.seed, device, sampling)
        augmentation = settings.augment if is_train else None
        mixing = Mixing.of(trainer, len(dataset.classes)) if is_train else None
        return ImageLoader(images, values, sampler, preprocess, augmentation, mixing)

    return {split: make(split) for split in dataset.split_names}


def stored_precision(stored: Checkpoint | None, device: torch.device) -> Precision | None:
    """Return the precision of a resumed run, None if it ran on another kind of device."""
    if stored is None or stored.device_type != device.type:
        return None
    return stored.precision


def measure_precision(
    settings: Settings,
    classifier: Classifier,
    loss: Loss,
    train: ImageLoader,
    device: torch.device,
    name: str,
) -> Precision:
    """Return the fastest memory format that the settings allow for a precision, `auto` included."""
    trainer = settings.trainer.model_copy(update={"precision": name})
    batch = next(train.eval_batches())
    step = TrainingStep(classifier, loss, batch, device)
    return choose_precision(trainer, step, Path(settings.dataset.cache) / PRECISION_FILE)


def make_learner(
    settings: Settings,
    classifier: Classifier,
    loss: Loss,
    precision: Precision,
    train: Loader,
) -> Learner:
    """Return the learner of the classifier, or of its head alone where `train` holds features."""
    on_features = isinstance(train, FeatureLoader)
    groups = parameter_groups(classifier, settings.finetune, settings.optimizer.lr)
    optimizer = make_optimizer(settings.optimizer, groups)
    plan = make_plan(settings.trainer)
    schedule = Schedule(
        settings.scheduler,
        optimizer,
        total_steps=plan.steps_to_end(train.n_batches),
        steps_per_epoch=plan.steps_per_epoch(train.n_batches),
        higher_is_better=plan.monitor.higher_is_better,
    )
    trainer = settings.trainer
    return Learner(
        classifier.head if on_features else classifier,
        loss,
        UpdateRule(optimizer, schedule, trainer.grad_clip_norm, trainer.ema_decay),
        precision,
        plan,
        frozen=frozenset() if on_features else classifier.frozen,
    )


def make_plan(trainer: sections.Trainer) -> Plan:
    """Return the length of a training, and the metric that selects its best epoch."""
    monitor = Monitor(
        trainer.monitor,
        METRICS[trainer.monitor].higher_is_better,
        trainer.min_delta,
        trainer.patience,
    )
    return Plan(trainer.epochs, monitor, trainer.max_steps, trainer.accumulate_batches)


def stage_callbacks(settings: Settings, classifier: Classifier) -> list[Callback]:
    """Return the callback that unfreezes the backbone stage by stage, if the settings select it."""
    finetune = settings.finetune
    if isinstance(finetune, sections.Full) and finetune.unfreeze_epochs:
        return [GradualUnfreezing(classifier, finetune.unfreeze_epochs)]
    return []


def restore(stored: Checkpoint, learner: Learner, frozen_hash: str) -> None:
    """Restore the states of the learner and the random generators from a checkpoint.

    Raises UserError if the state is that of another network, or of other frozen weights.
    """
    if stored.frozen_hash != frozen_hash:
        raise UserError(
            "The frozen weights that this run began with could not be had again, and others would give "
            f"another result: it began from {stored.backbone} weights (model.pretrained, model.weights)."
        )
    try:
        learner.load_weights(stored.best)  # refuses unfit ones now, not after the last epoch
        learner.load_state_dict(stored.learner.model_dump())
        stored.random_states.restore()
    except UNFIT_STATE as error:
        raise UserError(
            f"The checkpoint does not fit the model of this run, it comes from another one: {one_line(error)}"
        ) from error
    learner.best = {name: weight.to(learner.device) for name, weight in stored.best.items()}
    learner.progress = stored.progress
