from __future__ import annotations

from collections.abc import Callable

import numpy as np

from astroclf.settings import Settings, sections
from astroclf.tasks.cache import Cache
from astroclf.tasks.repeat.repetitions import (
    describe_folds,
    fold_images,
    name_of_all,
    repeat_folds,
    repeat_seeds,
)

MakeSettings = Callable[..., Settings]


def run_name(settings: Settings) -> str | None:
    assert isinstance(settings.tracking, sections.Mlflow)
    return settings.tracking.run_name


def test_each_seed_has_the_settings_of_a_run_with_that_seed(settings: MakeSettings) -> None:
    chosen = settings("seeds=[3,7]", "seed=1")
    first, second = repeat_seeds(chosen, "0123456789")
    assert (first.name, second.name) == ("seed-3", "seed-7")
    assert second.settings == settings("seed=7")
    assert second.dataset is None


def test_names_in_the_tracker_differ_in_the_seed_alone(settings: MakeSettings) -> None:
    chosen = settings("seeds=[3,7]", "tracking=mlflow")
    stem = "cnn-full-ce-dihedral-simulated-012345"
    assert name_of_all(chosen, "0123456789") == f"{stem}-2-seeds"
    assert run_name(repeat_seeds(chosen, "0123456789")[0].settings) == f"{stem}-seed-3"
    named = settings("seeds=[3]", "tracking=mlflow", "tracking.run_name=mine")
    assert name_of_all(named, "0") == "mine"
    assert run_name(repeat_seeds(named, "0")[0].settings) == "mine-seed-3"


def test_every_image_is_tested_in_one_fold(settings: MakeSettings) -> None:
    chosen, cache = settings("task=crossval", "folds=3", "dataset.test_fraction=0"), Cache()
    folded = fold_images(chosen, cache)
    folds = repeat_folds(chosen, folded, cache)
    assert [fold.name for fold in folds] == ["fold-0", "fold-1", "fold-2"]
    tested = np.concatenate(
        [fold.dataset.ids[fold.dataset.indices("test")] for fold in folds if fold.dataset]
    )
    assert sorted(tested) == sorted(folded.ids)
    assert describe_folds(chosen, folded) == "3 folds of 64 images"


def test_held_out_images_are_in_no_fold(settings: MakeSettings) -> None:
    chosen = settings("task=crossval", "folds=3")
    folded = fold_images(chosen, Cache())
    sentence = describe_folds(chosen, folded)
    assert sentence.startswith("3 folds of ")
