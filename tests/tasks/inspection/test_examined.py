from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroclf.bundle import Bundle, read_bundle
from astroclf.data.dataset import ImageDataset
from astroclf.errors import UserError
from astroclf.settings import Settings
from astroclf.tasks.inspection.examined import examine


@pytest.fixture(scope="module")
def bundle(train_run: Callable[..., Path]) -> Bundle:
    """Return a small model of galaxies and stars."""
    folder = train_run("trainer.epochs=1", "model.widths=[4,4]", "model.hidden_units=[8]")
    return read_bundle(folder / "bundle", "cpu")


def test_outputs_are_those_of_the_bundle_with_classes_matched_by_name(
    bundle: Bundle, simulated_dataset: ImageDataset, settings: Callable[..., Settings]
) -> None:
    options = settings("task=inspect", "inspect.split=val", "inspect.ids=[sim-000001]").inspect
    assert options is not None
    examined = examine(bundle, simulated_dataset.with_reversed_classes(), options)
    assert examined.dataset.classes == bundle.classes
    positions = simulated_dataset.indices("val")
    np.testing.assert_array_equal(examined.positions, positions)
    np.testing.assert_array_equal(examined.featured, np.union1d(positions, [1]))
    expected = bundle.predict(np.asarray(simulated_dataset.images[examined.featured]))
    np.testing.assert_allclose(examined.probabilities, expected, atol=1e-6)
    truth = simulated_dataset.targets[examined.featured]
    assert examined.is_right is not None
    np.testing.assert_array_equal(examined.is_right, expected.argmax(axis=1) == truth)
    assert examined.features is not None
    assert examined.features.shape[0] == len(positions) + 1


def test_images_of_other_classes_are_left_out_and_counted(
    bundle: Bundle, simulated_dataset: ImageDataset, settings: Callable[..., Settings]
) -> None:
    val = simulated_dataset.indices("val")
    targets = simulated_dataset.targets.copy()
    targets[val[:3]] = 2
    third = replace(simulated_dataset, targets=targets, classes=("galaxy", "star", "quasar"))
    options = settings("task=inspect", "inspect.split=val").inspect
    assert options is not None
    examined = examine(bundle, third, options)
    np.testing.assert_array_equal(examined.positions, val[3:])
    assert any("quasar (3)" in note for note in examined.notes)


def test_images_of_another_size_are_refused(
    bundle: Bundle, simulated_dataset: ImageDataset, settings: Callable[..., Settings]
) -> None:
    options = settings("task=inspect").inspect
    assert options is not None
    small = replace(simulated_dataset, images=np.asarray(simulated_dataset.images)[:, :, :16, :16])
    with pytest.raises(
        UserError, match=r"dataset.image_px=16: the model was trained on images of 32 px"
    ):
        examine(bundle, small, options)
