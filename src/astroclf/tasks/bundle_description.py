"""Description of a finished training for its bundle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from astroclf.bundle import Description
from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.data.formats import Depth
from astroclf.data.preprocess import Preprocess
from astroclf.evaluation.decisions.decision import Decision
from astroclf.settings import Settings
from astroclf.tasks.image_summary import TRAINING_IMAGES, summarize_images


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
        decision=decision,
        tta_views=settings.evaluation.tta_views,
        framing=dataset.framing,
        cutouts=dataset.cutouts,
        image_px=dataset.image_px,
        depth=depth_of(dataset),
        pixels=dataset.pixels,
        preprocess=preprocess,
        # The weights come from the bundle, wherever the training took its first ones from.
        model={**settings.model.model_dump(), "weights": None, "pretrained": False},
        provenance={**origin, "created": datetime.now(UTC).isoformat(timespec="seconds")},
        facts={
            "dataset": settings.dataset.model_dump(),
            "metrics": metrics,
            TRAINING_IMAGES: summarize_images(dataset, dataset.indices(TRAIN)).model_dump(),
        },
    )


def depth_of(dataset: ImageDataset) -> Depth | None:
    """Return the depth of the values of the images: that of their files, if they come from files."""
    if dataset.framing is not None:
        return dataset.framing.depth
    return "8-bit" if dataset.images.dtype == np.uint8 else "float"
