from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from astroclf.data.dataset import ImageDataset
from astroclf.data.preprocess import ASINH, Preprocess, fit_preprocess
from astroclf.settings import Settings
from astroclf.tasks.inspection.views import N_VIEWS, as_stored, image_views, shown_preprocess

Make = Callable[..., ImageDataset]


@pytest.fixture
def bright_corner(make_dataset: Make) -> ImageDataset:
    """Images that are black but for one corner."""
    dataset = make_dataset(12)
    dataset.images[:] = 0
    dataset.images[:, :, :2, :2] = 200
    return dataset


def test_views_are_the_image_its_input_and_its_augmentations(
    bright_corner: ImageDataset, settings: Callable[..., Settings]
) -> None:
    preprocess = Preprocess("asinh", (255.0,) * 3, (0.0,) * 3, (1.0,) * 3)
    augmentation = settings("augment=dihedral").augment
    pictures = image_views(bright_corner, 0, preprocess, augmentation, seed=0)
    assert [each.lines[0] for each in pictures[:3]] == [
        "as stored",
        "network input",
        "augmented, view 1",
    ]
    assert len(pictures) == 2 + N_VIEWS
    network_input = pictures[1].image
    symmetric = [
        np.rot90(flipped, k).tolist()
        for flipped in (network_input, network_input[::-1])
        for k in range(4)
    ]
    assert all(each.image.tolist() in symmetric for each in pictures[2:])
    assert len({each.image.tobytes() for each in pictures[2:]}) > 1


def test_without_augmentation_all_views_are_the_input(
    bright_corner: ImageDataset, settings: Callable[..., Settings]
) -> None:
    preprocess = fit_preprocess(bright_corner)
    pictures = image_views(bright_corner, 0, preprocess, settings("augment=none").augment, seed=0)
    assert len({each.image.tobytes() for each in pictures[1:]}) == 1


def test_flux_is_shown_linearly_with_the_reddest_band_in_red(make_dataset: Make) -> None:
    dataset = make_dataset(12, dtype=np.float32)
    dataset.images[0] = 0
    dataset.images[0, 2, 0, 0] = 10.0
    dataset.images[0, 2, 0, 1] = 5.0
    shown = as_stored(dataset, 0)
    assert shown[0, 0].tolist() == [255, 0, 0]
    assert shown[0, 1].tolist() == [127, 0, 0]


def test_the_preprocessing_shown_is_of_training_images(make_dataset: Make) -> None:
    dataset = make_dataset(60)
    assert shown_preprocess(dataset, seed=0, flux=ASINH) == fit_preprocess(dataset)
