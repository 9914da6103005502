"""Training a head on the cached features of a frozen backbone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from astroclf.data.augment import VIEWS
from astroclf.data.dataset import TRAIN
from astroclf.data.loader import ImageLoader, free_memory
from astroclf.inference.feature_cache import N_VIEWS, FeatureStore
from astroclf.inference.features import (
    FeatureLoader,
    compute_features,
    features_key,
    hash_backbone,
)
from astroclf.models import Classifier
from astroclf.settings import Settings, sections
from astroclf.tasks.cache import Cache
from astroclf.training.precision import Precision

log = logging.getLogger(__name__)


def can_cache_features(settings: Settings) -> bool:
    """Whether the backbone is frozen and every view of an image can be computed beforehand."""
    if not settings.finetune.is_cacheable:
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
    images: Mapping[str, ImageLoader],
    pictures: str,
    device: torch.device,
    cache: Cache,
    measure: Callable[[str], Precision],
) -> dict[str, FeatureLoader]:
    """The features of every split: each view that augmentation draws from for train, and those that
    evaluation looks at everywhere.

    pictures: the fingerprint of all images. measure: the fastest memory format of a precision; called
    only if features must be computed.
    """
    train = images[TRAIN]
    wanted = wanted_views(settings, images)
    key = features_key(hash_backbone(classifier.backbone), train.preprocess, pictures)
    store = FeatureStore(Path(settings.dataset.cache), key, wanted.shape[1])

    def compute() -> np.ndarray | torch.Tensor:
        compute_features(classifier.backbone, train, wanted, store, make_ready)
        return place_features(store.read(), wanted, settings.trainer, device)

    def make_ready() -> None:
        place(measure("fp32"), classifier, images, device)

    features = cache.get_or_create("features", (key, wanted.tobytes(), device), compute)
    return {split: FeatureLoader(features, loader) for split, loader in images.items()}


def wanted_views(settings: Settings, images: Mapping[str, ImageLoader]) -> np.ndarray:
    """(V, N) bool: which exact views of which of all images the training and its evaluation see."""
    wanted = np.zeros((N_VIEWS, len(images[TRAIN].targets)), dtype=bool)
    for split, loader in images.items():
        augmented = VIEWS[settings.augment.name] if split == TRAIN else 1
        wanted[: max(augmented, settings.evaluation.tta_views), loader.sampler.positions] = True
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
    precision: Precision,
    classifier: Classifier,
    images: Mapping[str, ImageLoader],
    device: torch.device,
) -> None:
    """Move the network to the device, and network and loaders into the memory format."""
    precision.place(classifier, device)
    for loader in images.values():
        loader.channels_last = precision.channels_last
