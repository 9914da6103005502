"""Everything a training needs, put together from the settings and the data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from astroclf.data.batches import Batches, place_images
from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.data.preprocess import Preprocess, fit_preprocess
from astroclf.errors import UserError
from astroclf.evaluation.metrics import HIGHER_IS_BETTER
from astroclf.models import BuiltModel, build_model
from astroclf.settings import Settings
from astroclf.training.checkpoint import restore_random_states
from astroclf.training.learner import Learner
from astroclf.training.losses import Loss, activation_of, make_loss
from astroclf.training.numerics import Numerics, choose_numerics
from astroclf.training.optimizers import Schedule, make_optimizer
from astroclf.training.progress import Progress

NUMERICS_FILE = "numerics.json"


@dataclass(frozen=True)
class Setup:
    """What `prepare` put together.

    batches: split -> its batches. backbone: where the weights came from.
    warning: what a user must know about those weights, or "".
    """

    learner: Learner
    batches: dict[str, Batches]
    preprocess: Preprocess
    activation: str
    backbone: str
    warning: str
    progress: Progress
    best: dict[str, torch.Tensor]

    @property
    def network(self) -> nn.Module:
        return self.learner.network

    @property
    def loss(self) -> Loss:
        return self.learner.loss


def prepare(
    settings: Settings, dataset: ImageDataset, device: torch.device, stored: dict[str, Any] | None
) -> Setup:
    """Build network, batches and learner; with `stored`, as the checkpoint of a run left them."""
    preprocess = fit_preprocess(dataset)
    torch.manual_seed(settings.seed)
    built = build_network(settings, dataset, stored)
    built.network.to(device)
    loss = make_loss(settings.loss, dataset, device)
    batches = make_batches(settings, dataset, preprocess, device)
    numerics = recall_numerics(settings, stored, device)
    if numerics is None:
        numerics = measure_numerics(settings, built.network, loss, batches[TRAIN], device)
    for each in batches.values():
        each.channels_last = numerics.channels_last
    network = numerics.place(built.network, device)
    learner = make_learner(settings, network, loss, numerics, batches[TRAIN], device)
    progress, best = Progress(), learner.weights()
    if stored is not None:
        progress, best = put_back(stored, learner)
    activation = activation_of(settings.loss, dataset.has_votes)
    return Setup(
        learner, batches, preprocess, activation, built.backbone, built.warning, progress, best
    )


def build_network(
    settings: Settings, dataset: ImageDataset, stored: dict[str, Any] | None
) -> BuiltModel:
    """The network with its first weights; a resumed one gets its own back later."""
    model = settings.model
    if stored is not None:
        model = model.model_copy(update={"pretrained": False, "weights": None})
    built = build_model(
        model,
        channels=dataset.channels,
        outputs=len(dataset.classes),
        image_px=dataset.image_px,
    )
    if stored is None:
        return built
    return BuiltModel(built.network, stored["backbone"], stored["warning"])


def make_batches(
    settings: Settings, dataset: ImageDataset, preprocess: Preprocess, device: torch.device
) -> dict[str, Batches]:
    """The batches of each split, all from the same images in memory."""
    images = place_images(dataset.images, device, settings.trainer.resident_share)
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


def recall_numerics(
    settings: Settings, stored: dict[str, Any] | None, device: torch.device
) -> Numerics | None:
    """Those of the stopped run, unless it ran on another kind of device."""
    if stored is None or stored["device_type"] != device.type:
        return None
    return Numerics(**stored["numerics"])


def measure_numerics(
    settings: Settings, network: nn.Module, loss: Loss, train: Batches, device: torch.device
) -> Numerics:
    batch = next(train.in_order())
    memory = Path(settings.dataset.cache) / NUMERICS_FILE
    return choose_numerics(
        settings.trainer, network, loss, batch.image, batch.target, device, memory
    )


def make_learner(
    settings: Settings,
    network: nn.Module,
    loss: Loss,
    numerics: Numerics,
    train: Batches,
    device: torch.device,
) -> Learner:
    optimizer = make_optimizer(settings.optimizer, network)
    schedule = Schedule(
        settings.scheduler,
        optimizer,
        epochs=settings.trainer.epochs,
        steps_per_epoch=-(-train.steps // settings.trainer.accumulate),
        higher_is_better=HIGHER_IS_BETTER[settings.trainer.monitor],
    )
    return Learner(network, loss, optimizer, schedule, numerics, device, settings.trainer.clip_norm)


def put_back(stored: dict[str, Any], learner: Learner) -> tuple[Progress, dict[str, torch.Tensor]]:
    """Give the learner its state and the generators theirs; returns the progress and best weights.

    Raises UserError if the state is that of another network.
    """
    try:
        learner.load_state_dict(stored["learner"])
    except (RuntimeError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"The checkpoint does not fit the model of this run, it comes from another one: {reason}"
        ) from error
    restore_random_states(stored["random_states"])
    best = {name: weight.to(learner.device) for name, weight in stored["best"].items()}
    return Progress(**stored["progress"]), best
