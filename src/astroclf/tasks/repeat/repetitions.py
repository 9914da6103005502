"""Repetitions of a training: one a seed, or one a fold of a cross-validation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.folds import assign_folds, fold_names, select_fold
from astroclf.settings import Settings, sections
from astroclf.tasks.cache import Cache
from astroclf.tasks.datasets import get_dataset
from astroclf.tasks.startup import run_name


@dataclass(frozen=True)
class Repetition:
    """One of several trainings.

    name: of its folder. dataset: its images, None for the dataset of the settings.
    """

    name: str
    settings: Settings
    dataset: ImageDataset | None


def name_of_all(settings: Settings, fingerprint: str) -> str:
    """Return the name of the parent run in the tracker; fingerprint: of the dataset."""
    if isinstance(settings.tracking, sections.Mlflow) and settings.tracking.run_name is not None:
        return settings.tracking.run_name
    if settings.seeds is not None:
        return f"{_common_name(settings, fingerprint)}-{len(settings.seeds)}-seeds"
    return f"{_common_name(settings, fingerprint)}-{settings.folds}-folds"


def repeat_seeds(settings: Settings, fingerprint: str) -> list[Repetition]:
    """Return one repetition a seed, each equal to a run with `seed=<seed>` alone."""
    return [
        Repetition(
            f"seed-{seed}",
            _named(settings, f"seed-{seed}", fingerprint).model_copy(
                update={"seed": seed, "seeds": None}
            ),
            None,
        )
        for seed in settings.seeds or ()
    ]


def repeat_folds(settings: Settings, folded: ImageDataset, cache: Cache) -> list[Repetition]:
    """Return one repetition a fold, all with the same seed."""
    names = fold_names(settings.folds)
    datasets = cache.get_or_create(
        "folds",
        (folded.fingerprint, settings.folds),
        lambda: [select_fold(folded, fold, len(names)) for fold in range(len(names))],
    )
    return [
        Repetition(name, _named(settings, name, folded.fingerprint), dataset)
        for name, dataset in zip(names, datasets, strict=True)
    ]


def fold_images(settings: Settings, cache: Cache) -> ImageDataset:
    """Return the dataset with every image in a fold, except those that the source holds out."""

    def draw() -> ImageDataset:
        dataset = get_dataset(settings, cache)
        return assign_folds(dataset, settings.folds, settings.dataset.split_seed)

    key = (settings.dataset, settings.evaluation.positive_class, settings.folds)
    return cache.get_or_create("folded", key, draw)


def describe_folds(settings: Settings, folded: ImageDataset) -> str:
    """Return one line with the number of images in folds, and of those that are held out."""
    inside = np.isin(folded.split, fold_names(settings.folds))
    left_out = [
        f"{len(folded.indices(split)):,} images of {split}"
        for split in folded.split_names
        if split not in fold_names(settings.folds)
    ]
    unseen = f"; {' and '.join(left_out)} stay unseen (dataset.test_fraction)" if left_out else ""
    return f"{settings.folds} folds of {inside.sum():,} images{unseen}"


def _named(settings: Settings, name: str, fingerprint: str) -> Settings:
    """Return the settings with a name in the tracker that no other repetition has."""
    if not isinstance(settings.tracking, sections.Mlflow):
        return settings
    stem = settings.tracking.run_name or _common_name(settings, fingerprint)
    tracking = settings.tracking.model_copy(update={"run_name": f"{stem}-{name}"})
    return settings.model_copy(update={"tracking": tracking})


def _common_name(settings: Settings, fingerprint: str) -> str:
    """Return the name of a single run without its seed, if the seeds differ."""
    name = run_name(settings, fingerprint)
    return name if settings.seeds is None else name.removesuffix(f"-seed{settings.seed}")
