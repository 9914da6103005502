from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.impute import SimpleImputer
from torch import nn

from astroclf.models.columns import ColumnEncoder, ColumnHead, fit_statistics

VALUES = torch.tensor(
    [[17.0, 5.0, 0.1], [18.0, 5.0, float("nan")], [20.5, 5.0, 0.4], [19.0, 5.0, 0.2]]
)


@pytest.fixture
def encoder() -> ColumnEncoder:
    made = ColumnEncoder(3)
    made.load_statistics(fit_statistics(VALUES))
    return made


def test_statistics_are_those_of_numpy() -> None:
    statistics = fit_statistics(VALUES)
    values = VALUES.numpy().astype(np.float64)
    np.testing.assert_allclose(statistics.mean, np.nanmean(values, axis=0), rtol=1e-6)
    np.testing.assert_allclose(statistics.median, np.nanmedian(values, axis=0), rtol=1e-6)
    std = np.nanstd(values, axis=0)
    np.testing.assert_allclose(statistics.std, np.where(std > 0, std, 1), rtol=1e-6)
    assert statistics.is_missing.tolist() == [0, 0, 1]


def test_missing_values_are_the_median_and_marked(encoder: ColumnEncoder) -> None:
    statistics = fit_statistics(VALUES)
    imputed = SimpleImputer(strategy="median").fit_transform(VALUES.numpy())
    expected = (imputed - statistics.mean.numpy()) / statistics.std.numpy()
    encoded = encoder(VALUES)
    np.testing.assert_allclose(encoded[:, :3], expected, rtol=1e-5, atol=1e-6)
    assert encoded[:, 3:].tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_a_column_that_was_complete_in_training_is_never_marked(encoder: ColumnEncoder) -> None:
    unseen = torch.tensor([[float("nan"), 5.0, 0.1]])
    assert encoder(unseen)[0, 3:].tolist() == [0, 0, 0]
    assert torch.isfinite(encoder(unseen)).all()


def test_statistics_are_part_of_the_weights(encoder: ColumnEncoder) -> None:
    other = ColumnEncoder(3)
    other.load_state_dict(encoder.state_dict())
    assert torch.equal(other(VALUES), encoder(VALUES))


def test_the_head_takes_features_and_columns(encoder: ColumnEncoder) -> None:
    layers = nn.Linear(2 + 6, 4)
    head = ColumnHead(layers, 3)
    head.columns.load_state_dict(encoder.state_dict())
    features = torch.randn(4, 2)
    expected = layers(torch.cat([features, encoder(VALUES)], dim=1))
    assert torch.equal(head(features, VALUES), expected)
