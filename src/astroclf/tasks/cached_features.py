"""Feature cache of a training: loaders of the frozen backbone's features for every split."""

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
    """Return whether the backbone is frozen and every augmented view can be computed beforehand."""
    if not settings.finetune.is_cacheable:
        return False
    if settings.trainer.mixes_images:
        log.warning(
            "trainer.mixup and trainer.cutmix mix images, so the frozen backbone runs for every image of every epoch: without "
            "them its features would be computed once."
        )
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
    cache: Cache,
    measure: Callable[[str], Precision],
) -> dict[str, FeatureLoader]:
    """Return a loader of cached features for each split.

    Train has every view that augmentation draws from, and every split those of test-time
    augmentation.

    pictures: fingerprint of all images. measure: returns the fastest memory format of a precision;
    called only if features must be computed.
    """
    train = images[TRAIN]
    device = train.values.target.device
    wanted = wanted_views(settings, images)
    key = features_key(hash_backbone(classifier), train.preprocess, pictures)
    store = FeatureStore(Path(settings.dataset.cache), key, wanted.shape[1])

    def prepare() -> None:
        place(measure("fp32"), classifier, images, device)

    def compute() -> np.ndarray | torch.Tensor:
        compute_features(classifier, train, wanted, store, prepare)
        return place_features(store.read(), wanted, settings.trainer, device)

    features = cache.get_or_create("features", (key, wanted.tobytes(), device), compute)
    return {split: FeatureLoader(features, loader) for split, loader in images.items()}


def wanted_views(settings: Settings, images: Mapping[str, ImageLoader]) -> np.ndarray:
    """Return (V, N) bool: the exact views of all images that training and evaluation use."""
    wanted = np.zeros((N_VIEWS, len(images[TRAIN].values.target)), dtype=bool)
    for split, loader in images.items():
        augmented = VIEWS[settings.augment.name] if split == TRAIN else 1
        wanted[: max(augmented, settings.evaluation.tta_views), loader.sampler.positions] = True
    return wanted


def place_features(
    features: np.ndarray, wanted: np.ndarray, trainer: sections.Trainer, device: torch.device
) -> np.ndarray | torch.Tensor:
    """Return the wanted views, on a GPU if they fit in its share of free memory.

    A CPU reads them from the memory map, which all processes share.
    """
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
