"""Training a head on the cached features of a frozen backbone."""

from __future__ import annotations

import logging
from pathlib import Path

import torch

from astroclf.data.augment import VIEWS
from astroclf.data.batches import Batches, free_memory
from astroclf.data.dataset import TRAIN
from astroclf.models import Classifier
from astroclf.settings import Settings, sections
from astroclf.training.features import FeatureBatches, compute_features

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
    images: dict[str, Batches],
    fingerprint: str,
    device: torch.device,
) -> dict[str, FeatureBatches]:
    """The features of every split: each view that augmentation draws from for train, one elsewhere."""
    cache = Path(settings.dataset.cache)
    features = {}
    for split, batches in images.items():
        views = VIEWS[settings.augment.name] if split == TRAIN else 1
        computed = compute_features(
            classifier.backbone, batches, views, fingerprint, cache, f"features of {split}"
        )
        fits = computed.nbytes <= settings.trainer.resident_share * free_memory(device)
        features[split] = FeatureBatches(batches, computed, device, resident=fits)
    return features
