"""Training a head on the cached features of a frozen backbone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from astroclf.data.augment import VIEWS
from astroclf.data.dataset import TRAIN
from astroclf.data.loader import Batches, free_memory
from astroclf.inference.feature_cache import N_VIEWS, FeatureStore
from astroclf.inference.features import (
    FeatureBatches,
    compute_features,
    features_key,
    hash_backbone,
)
from astroclf.models import Classifier
from astroclf.settings import Settings, sections
from astroclf.tasks.cache import Cache
from astroclf.training.precision import Numerics

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
    pictures: str,
    device: torch.device,
    cache: Cache,
    measure: Callable[[str], Numerics],
) -> dict[str, FeatureBatches]:
    """The features of every split: each view that augmentation draws from for train, and those that
    evaluation looks at everywhere.

    pictures: the fingerprint of all images. measure: the fastest numerics with a precision; asked
    only if features must be computed.
    """
    any_batches = images[TRAIN]
    wanted = wanted_views(settings, images)
    key = features_key(hash_backbone(classifier.backbone), any_batches.preprocess, pictures)
    store = FeatureStore(Path(settings.dataset.cache), key, wanted.shape[1])

    def compute() -> np.ndarray | torch.Tensor:
        compute_features(classifier.backbone, any_batches, wanted, store, make_ready)
        return place_features(store.read(), wanted, settings.trainer, device)

    def make_ready() -> None:
        place(measure("fp32"), classifier, images, device)

    features = cache.get_or_create("features", (key, wanted.tobytes(), device), compute)
    return {split: FeatureBatches(batches, features, device) for split, batches in images.items()}


def wanted_views(settings: Settings, images: Mapping[str, Batches]) -> np.ndarray:
    """(V, N) bool: which exact views of which of all images the training and its evaluation see."""
    wanted = np.zeros((N_VIEWS, len(images[TRAIN].targets)), dtype=bool)
    for split, batches in images.items():
        augmented = VIEWS[settings.augment.name] if split == TRAIN else 1
        wanted[: max(augmented, settings.evaluation.tta_views), batches.positions] = True
    return wanted


def place_features(
    features: np.ndarray, wanted: np.ndarray, trainer: sections.Trainer, device: torch.device
) -> np.ndarray | torch.Tensor:
    """The views that are wanted of any image, resident on a GPU if they fit in its share of free
    memory. The CPU reads them from where they lie, one copy for all processes."""
    views = np.asarray(features[: int(wanted.any(axis=1).sum())])
    if device.type != "cpu" and views.nbytes <= trainer.device_cache_fraction * free_memory(device):
        return torch.from_numpy(np.array(views)).to(device)
    return views


def place(
    numerics: Numerics, classifier: Classifier, images: Mapping[str, Batches], device: torch.device
) -> None:
    """Bring the network and the batches to come into the memory format."""
    numerics.place(classifier, device)
    for batches in images.values():
        batches.channels_last = numerics.channels_last
