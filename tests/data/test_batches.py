from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from astroclf.data.batches import ImageValues, training_weights
from astroclf.data.dataset import CatalogColumns, ImageDataset

CPU = torch.device("cpu")
INDEX = torch.tensor([3, 0])
IMAGES = torch.zeros(2, 1, 4, 4)


@pytest.fixture
def described(make_dataset: Callable[..., ImageDataset]) -> ImageDataset:
    """A data set with weights, soft targets and columns."""
    dataset = make_dataset(12)
    rng = np.random.default_rng(0)
    return replace(
        dataset,
        sample_weights=rng.uniform(0.5, 4, 12).astype(np.float32),
        soft_targets=rng.dirichlet(np.ones(len(dataset.classes)), 12).astype(np.float32),
        columns=CatalogColumns(("mag_r",), rng.normal(size=(12, 1)).astype(np.float32)),
    )


def test_a_plain_data_set_has_batches_without_further_values(
    make_dataset: Callable[..., ImageDataset],
) -> None:
    values = ImageValues.of(make_dataset(12), CPU)
    batch = values.train_batch(IMAGES, INDEX)
    assert (batch.weight, batch.columns, batch.inputs) == (None, None, (IMAGES,))
    assert torch.equal(batch.target, values.target[INDEX])


def test_training_batches_alone_have_soft_targets_and_weights(described: ImageDataset) -> None:
    values = ImageValues.of(described, CPU, ("mag_r",))
    train, val = values.train_batch(IMAGES, INDEX), values.eval_batch(IMAGES, INDEX)
    assert described.soft_targets is not None
    assert described.columns is not None
    np.testing.assert_array_equal(train.target, described.soft_targets[[3, 0]])
    np.testing.assert_array_equal(val.target, described.targets[[3, 0]])
    assert val.weight is None
    for batch in (train, val):
        np.testing.assert_array_equal(batch.inputs[1], described.columns.values[[3, 0]])


def test_weights_have_a_mean_of_one_over_train(described: ImageDataset) -> None:
    weights, given = training_weights(described), described.sample_weights
    assert weights is not None
    assert given is not None
    train = described.indices("train")
    assert weights[train].mean() == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(weights / weights[0], given / given[0], rtol=1e-6)
