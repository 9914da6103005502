from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroclf.data.dataset import ImageDataset
from astroclf.data.sampling import BalancedSampling, class_quotas, sampling_of

COUNTS = np.array([900, 90, 10])


@pytest.mark.parametrize(
    ("strength", "epoch", "expected"),
    [
        (1.0, "same", [333, 333, 333]),
        (1.0, "over", [900, 900, 900]),
        (1.0, "under", [10, 10, 10]),
        (0.0, "same", [900, 90, 10]),
        (0.0, "over", [900, 90, 10]),
        (0.5, "under", [95, 30, 10]),  # 10 of the share of sqrt(10)
    ],
)
def test_numbers_of_images_of_each_class(strength: float, epoch: str, expected: list[int]) -> None:
    assert class_quotas(COUNTS, strength, epoch).tolist() == expected


def test_an_absent_class_is_not_drawn() -> None:
    assert class_quotas(np.array([6, 0, 2]), 1.0, "same").tolist() == [4, 0, 4]


@given(
    st.lists(st.integers(0, 40), min_size=2, max_size=5).filter(any),
    st.floats(0, 1),
    st.sampled_from(["same", "over", "under"]),
)
def test_an_epoch_draws_the_images_of_a_class_equally_often(
    counts: list[int], strength: float, epoch: str
) -> None:
    classes = np.repeat(np.arange(len(counts)), counts)
    positions = np.arange(len(classes)) * 3 + 1
    sampling = BalancedSampling(classes, class_quotas(np.array(counts), strength, epoch))
    drawn = sampling.draw(positions, np.random.default_rng(0))
    assert len(drawn) == sampling.n_images
    times = (drawn[:, None] == positions).sum(axis=0)
    for k in range(len(counts)):
        of_class = times[classes == k]
        assert of_class.sum() == sampling.quotas[k]
        assert np.ptp(of_class) <= 1 if len(of_class) else True
        if epoch == "under":
            assert (of_class <= 1).all()
        if epoch == "over":
            assert (of_class >= 1).all()


def test_the_draw_depends_on_the_generator_alone() -> None:
    sampling = BalancedSampling(np.repeat([0, 1], [30, 5]), np.array([18, 18]))
    first, again, other = (
        sampling.draw(np.arange(35), np.random.default_rng(seed)).tolist() for seed in (1, 1, 2)
    )
    assert first == again != other


def test_sampling_takes_the_images_of_train_alone(
    settings: Any, make_dataset: Callable[..., ImageDataset]
) -> None:
    dataset = make_dataset(60, n_classes=3)
    assert sampling_of(settings().trainer, dataset) is None
    sampling = sampling_of(settings("trainer.sampler=balanced").trainer, dataset)
    assert sampling is not None
    train = dataset.indices("train")
    drawn = sampling.draw(train, np.random.default_rng(0))
    assert set(drawn.tolist()) <= set(train.tolist())
    assert np.ptp(np.bincount(dataset.targets[drawn])) <= 1
