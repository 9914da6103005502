"""Summary of the images of a data set, for a bundle and for the shift of an evaluation."""

from __future__ import annotations

import numpy as np

from astroclf.bundle import Bundle
from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.data.image_statistics import image_statistics, sample_positions
from astroclf.evaluation.distribution import Distribution
from astroclf.evaluation.labels import Labels, make_labels
from astroclf.evaluation.shift import ALL, RADIUS_ARCSEC, RADIUS_PX, ImageSummary
from astroclf.settings.metrics import CLASSES, VOTES

MOST_CLASSES = 12  # that are summarized one by one
TRAINING_IMAGES = "training_images"  # fact of a bundle


def summarize_images(dataset: ImageDataset, positions: np.ndarray) -> ImageSummary:
    """Return the class counts of the images at these positions, and the statistics of a sample."""
    sample = sample_positions(positions)
    statistics = dict(image_statistics(dataset, sample).values)
    scale = dataset.pixels.pixel_scale_arcsec
    if scale is not None and RADIUS_PX in statistics:
        statistics[RADIUS_ARCSEC] = statistics[RADIUS_PX] * scale
    groups = {ALL: np.ones(len(sample), bool)}
    if len(dataset.exclusive_classes) <= MOST_CLASSES:
        of_class = dataset.leading[sample]
        groups |= {name: of_class == k for k, name in enumerate(dataset.exclusive_classes)}
    return ImageSummary(
        n=len(positions),
        class_counts=_class_counts(dataset, positions),
        mean_votes=_mean_votes(dataset, positions),
        quantities={
            name: {group: Distribution.of(values[chosen]) for group, chosen in groups.items()}
            for name, values in statistics.items()
        },
        pixel_scale_arcsec=scale,
    )


def training_summary(model: Bundle) -> ImageSummary | None:
    """Return the summary of the training images of a model; None in a bundle without one."""
    content = model.facts.get(TRAINING_IMAGES)
    return None if content is None else ImageSummary.model_validate(content)


def training_labels(model: Bundle) -> Labels | None:
    """Return labels with the class shares, or mean votes, of the training images of a model.

    Bundles of former versions state the class counts in their metrics. None where they are unknown.
    """
    summary = training_summary(model)
    if summary is not None and summary.mean_votes:
        means = [[summary.mean_votes[name] for name in model.classes]]
        return make_labels(np.array(means), model.classes)
    counts = summary.class_counts if summary is not None else _counts_in_metrics(model)
    if set(counts) != set(model.classes):
        return None
    return make_labels(
        np.repeat(np.arange(len(model.classes)), [counts[name] for name in model.classes]),
        model.classes,
    )


def _counts_in_metrics(model: Bundle) -> dict[str, int]:
    per_class = model.facts.get("metrics", {}).get("per_class", {}).get(TRAIN, {})
    return {name: figures["n"] for name, figures in per_class.items() if "n" in figures}


def _class_counts(dataset: ImageDataset, positions: np.ndarray) -> dict[str, int]:
    if dataset.target_kind == VOTES:
        return {}
    counts = np.bincount(dataset.targets[positions], minlength=len(dataset.classes))
    return dict(zip(dataset.classes, counts.tolist(), strict=True))


def _mean_votes(dataset: ImageDataset, positions: np.ndarray) -> dict[str, float]:
    if dataset.target_kind == CLASSES:
        return {}
    means = dataset.targets[positions].mean(axis=0, dtype=np.float64)
    return dict(zip(dataset.classes, means.tolist(), strict=True))
