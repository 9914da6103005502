"""Labeled images of an evaluation: the split that is chosen, their classes and their parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroclf.bundle import Bundle, read_bundle
from astroclf.data.dataset import ImageDataset
from astroclf.errors import UserError
from astroclf.runs.folder import RunFolder
from astroclf.settings.sections import EvaluateSection
from astroclf.tasks.labeled_images import label_images


@pytest.fixture(scope="module")
def model(train_run: Callable[..., Path]) -> Bundle:
    folder = train_run("model.widths=[4,4]", "trainer.epochs=1", "evaluation.report=false")
    return read_bundle(RunFolder(folder).bundle, "cpu")


def options(
    split: str | None = None, rename: dict[str, str] | None = None, *, skips: bool = False
) -> EvaluateSection:
    return EvaluateSection(
        split=split, unknown_classes="skip" if skips else "stop", rename_classes=rename
    )


def test_images_outside_of_the_split_are_in_no_part(
    model: Bundle, simulated_dataset: ImageDataset
) -> None:
    found = label_images(simulated_dataset, model, options("val"))
    assert found.parts == ["val"]
    assert np.array_equal(found.dataset.split == "val", simulated_dataset.split == "val")
    assert set(found.dataset.split.tolist()) == {"val", ""}


def test_a_split_that_does_not_exist_is_refused_with_those_that_do(
    model: Bundle, simulated_dataset: ImageDataset
) -> None:
    with pytest.raises(UserError) as refused:
        label_images(simulated_dataset, model, options("faint"))
    assert "evaluate.split=faint" in str(refused.value)
    assert "train, val, test" in str(refused.value)
    none = simulated_dataset.with_split(np.full(len(simulated_dataset), ""))
    with pytest.raises(UserError, match="they state no splits"):
        label_images(none, model, options("test"))


def test_a_split_with_unknown_classes_alone_is_refused(
    model: Bundle, simulated_dataset: ImageDataset
) -> None:
    is_star = simulated_dataset.targets == 1
    dataset = replace(
        simulated_dataset,
        classes=("galaxy", "quasar"),
        split=np.where(is_star, "quasars", "galaxies"),
    )
    with pytest.raises(UserError, match="no image in it is of a class of the model"):
        label_images(dataset, model, options("quasars", skips=True))


def test_missing_and_left_out_classes_are_named(
    model: Bundle, simulated_dataset: ImageDataset
) -> None:
    dataset = replace(simulated_dataset, classes=("galaxy", "quasar"))
    found = label_images(dataset, model, options(skips=True))
    assert found.missing == ("star",)
    assert found.left_out == {"quasar": 32}
    texts = " ".join(found.sentences())
    assert "No image is of star" in texts
    assert "quasar (32)" in texts


def test_equal_images_are_one_group(model: Bundle, simulated_dataset: ImageDataset) -> None:
    images = np.array(simulated_dataset.images)
    images[5] = images[4]
    dataset = replace(simulated_dataset, images=images, groups=None)
    groups = label_images(dataset, model, options()).dataset.groups
    assert groups is not None
    same_part = dataset.split[4] == dataset.split[5]
    assert (groups[4] == groups[5]) or not same_part
