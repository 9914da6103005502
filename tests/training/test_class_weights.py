from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from astroclf.training.class_weights import class_weights

CPU = torch.device("cpu")


def test_balanced_weights_are_those_of_scikit_learn(make_dataset: Any) -> None:
    dataset = make_dataset(60, n_classes=3)
    labels = np.repeat([0, 1, 2], [10, 15, 35])
    dataset = replace(dataset, targets=labels)
    train = labels[dataset.indices("train")]
    expected = compute_class_weight("balanced", classes=np.arange(3), y=train)
    found = class_weights("balanced", dataset, CPU)
    assert found is not None
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)


def test_balanced_weights_depend_on_train_alone(make_dataset: Any) -> None:
    dataset = make_dataset(60)
    labels = dataset.targets.copy()
    labels[dataset.indices("val")] = 1
    before = class_weights("balanced", dataset, CPU)
    after = class_weights("balanced", replace(dataset, targets=labels), CPU)
    assert before is not None
    assert after is not None
    assert before.tolist() == after.tolist()


def test_balanced_weights_of_votes_are_inverse_means(make_dataset: Any) -> None:
    dataset = make_dataset(30, n_classes=4, votes=True)
    inverse = 1 / dataset.targets[dataset.indices("train")].mean(axis=0)
    found = class_weights("balanced", dataset, CPU)
    assert found is not None
    np.testing.assert_allclose(found.numpy(), inverse / inverse.mean(), rtol=1e-5)


@pytest.mark.parametrize("chosen", ["balanced", (1.0, 10.0, 3.0)])
def test_the_mean_weight_of_a_training_image_is_1(make_dataset: Any, chosen: Any) -> None:
    """Otherwise a list such as [1, 10] would multiply the learning rate."""
    dataset = replace(
        make_dataset(60, n_classes=3), targets=np.repeat([0, 1, 2], [10, 15, 35]).astype(np.int64)
    )
    weights = class_weights(chosen, dataset, CPU)
    assert weights is not None
    train = torch.from_numpy(dataset.targets[dataset.indices("train")])
    assert weights[train].mean() == pytest.approx(1.0, abs=1e-6)
    if chosen != "balanced":
        torch.testing.assert_close(weights / weights[0], torch.tensor(chosen))


def test_the_mean_weight_of_an_answer_is_1(make_dataset: Any) -> None:
    dataset = make_dataset(30, n_classes=4, votes=True)
    weights = class_weights((1.0, 2.0, 3.0, 10.0), dataset, CPU)
    assert weights is not None
    torch.testing.assert_close(weights, torch.tensor([0.25, 0.5, 0.75, 2.5]))
