"""From a finished training to the description in its bundle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from astroclf.bundle import Depth, Description, FileCut
from astroclf.data.dataset import ImageDataset
from astroclf.data.preprocess import Preprocess
from astroclf.evaluation.decisions.decision import Decision
from astroclf.settings import Settings, sections


def describe_bundle(
    settings: Settings,
    dataset: ImageDataset,
    preprocess: Preprocess,
    decision: Decision,
    metrics: Mapping[str, Any],
    origin: Mapping[str, str],
) -> Description:
    """Return everything but the weights that a bundle of this training holds.

    metrics: the content of metrics.json. origin: of the run (commit, versions, fingerprint of the
    data).
    """
    return Description(
        classes=dataset.classes,
        has_votes=dataset.has_votes,
        decision=decision,
        views=settings.evaluation.tta_views,
        cut=FileCut(
            crop_px=getattr(settings.dataset, "crop_px", None),
            image_px=dataset.image_px,
            channels=dataset.channels,
        ),
        image_px=dataset.image_px,
        depth=depth_of_images(settings, dataset),
        pixels=dataset.pixels,
        preprocess=preprocess,
        # The weights come from the bundle, wherever the training took its first ones from.
        model={**settings.model.model_dump(), "weights": None, "pretrained": False},
        made_by={**origin, "created": datetime.now(UTC).isoformat(timespec="seconds")},
        facts={"dataset": settings.dataset.model_dump(), "metrics": metrics},
    )


def depth_of_images(settings: Settings, dataset: ImageDataset) -> Depth:
    """Return how the images are stored: as files of 8 or 16 bits a value, or as flux."""
    if dataset.images.dtype == np.uint8:
        return "8-bit"
    return "16-bit" if isinstance(settings.dataset, sections.Files) else "flux"
