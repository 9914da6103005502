from __future__ import annotations

import numpy as np
import pytest

from astroclf.reports.run.weight_table import layer_weights


def test_large_weights_are_those_beyond_five_standard_deviations():
    weights = np.append(np.random.default_rng(0).normal(size=9998), [30.0, -30.0])
    row = layer_weights("conv", weights.astype(np.float32))
    assert (row.n, row.n_large) == (10_000, 2)
    assert row.sigma == pytest.approx(weights.std(), rel=1e-6)
    assert row.largest == pytest.approx(30 / weights.std(), rel=1e-6)
    usual, large = row.histogram.split('class="large"')
    assert large.split('"/>')[0].count("M") == 2
    assert usual.count("M") > 10


def test_equal_weights_have_no_large_ones():
    row = layer_weights("conv", np.full(5, 0.3, np.float32))
    assert (row.n_large, row.sigma) == (0, pytest.approx(0, abs=1e-7))
