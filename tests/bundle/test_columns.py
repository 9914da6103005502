from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn

from astroclf.bundle.columns import random_columns
from astroclf.models.columns import ColumnHead, ColumnStatistics


def test_columns_have_the_statistics_of_training_and_missing_values() -> None:
    head = ColumnHead(nn.Linear(8, 2), 2)
    mean, std = torch.tensor([18.0, 0.5]), torch.tensor([2.0, 0.1])
    head.columns.load_statistics(ColumnStatistics(mean, mean, std, torch.ones(2)))
    bundle: Any = SimpleNamespace(predictor=SimpleNamespace(network=nn.Sequential(head)))
    columns = random_columns(bundle, 20_000, seed=0)
    assert columns.dtype == np.float32
    np.testing.assert_allclose(np.nanmean(columns, axis=0), mean, atol=0.05)
    np.testing.assert_allclose(np.nanstd(columns, axis=0), std, rtol=0.02)
    np.testing.assert_allclose(np.isnan(columns).mean(axis=0), 0.1, atol=0.01)
    np.testing.assert_array_equal(columns, random_columns(bundle, 20_000, seed=0))
