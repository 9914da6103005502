"""Training a head on the cached features of a frozen backbone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from astroclf.data.augment import VIEWS
from astroclf.data.batches import Batches, free_memory
from astroclf.data.dataset import TRAIN
from astroclf.models import Classifier
from astroclf.settings import Settings, sections
from astroclf.tasks.memory import Memory
from astroclf.training.features import (
    FeatureBatches,
    compute_features,
    features_key,
    has_features,
    hash_backbone,
)
from astroclf.training.numerics import Numerics

log = logging.getLogger(__name__)


def can_cache_features(settings: Settings) -> bool:
    """Whether the backbone is frozen and every view of an image can be computed beforehand."""
    if not isinstance(settings.finetune, sections.HeadOnly) or not settings.finetune.cache_features:
        return False
    if settings.augment.name not in VIEWS:
        log.warning(
            "augment=%s draws from endless views, so the frozen backbone runs for every image of every epoch: "
            "with augment=none, flips or dihedral its features would be computed once.",
            settings.augment.name,
        )
        return False
    return True


def features_of_splits(
    settings: Settings,
    classifier: Classifier,
    images: Mapping[str, Batches],
    fingerprint: str,
    device: torch.device,
    memory: Memory,
    measure: Callable[[str], Numerics],
) -> dict[str, FeatureBatches]:
    """The features of every split: each view that augmentation draws from for train, and those that
    evaluation looks at everywhere.

    measure: the fastest numerics with a precision; asked only if features must be computed.
    """

    def make_ready() -> None:
        place(measure("fp32"), classifier, images, device)

    cache, backbone_hash = Path(settings.dataset.cache), hash_backbone(classifier.backbone)

    def features_of(split: str, batches: Batches) -> FeatureBatches:
        augmented = VIEWS[settings.augment.name] if split == TRAIN else 1
        needed = max(augmented, settings.evaluation.views)
        keys = {
            views: features_key(backbone_hash, batches, views, fingerprint)
            for views in (needed, *VIEWS.values())
            if views >= needed
        }
        # The first views are the same in each set, so that any larger one will do.
        views = max((views for views in keys if has_features(cache, keys[views])), default=needed)
        key, title = keys[views], f"features of {split}"

        def compute() -> np.ndarray | torch.Tensor:
            features = compute_features(
                classifier.backbone, batches, views, key, cache, title, make_ready
            )
            return place_features(features, settings.trainer, device)

        return FeatureBatches(batches, memory.recall(title, (key, device), compute), device)

    return {split: features_of(split, batches) for split, batches in images.items()}


def place_features(
    features: np.ndarray, trainer: sections.Trainer, device: torch.device
) -> np.ndarray | torch.Tensor:
    """Features resident on the device if they fit in its share of free memory, else as they lie."""
    if features.nbytes <= trainer.resident_share * free_memory(device):
        return torch.from_numpy(np.array(features)).to(device)
    return features


def place(
    numerics: Numerics, classifier: Classifier, images: Mapping[str, Batches], device: torch.device
) -> None:
    """Bring the network and the batches to come into the memory format."""
    numerics.place(classifier, device)
    for batches in images.values():
        batches.channels_last = numerics.channels_last
