from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from astroclf.data.stretch import from_flux, to_flux


@hypothesis_settings(deadline=None, max_examples=40)
@given(value=st.floats(0, 1))
@pytest.mark.parametrize("stretch", ["linear", "asinh", "srgb"])
def test_stretches_are_inverted_exactly(stretch: Any, value: float) -> None:
    values = torch.tensor([value])
    torch.testing.assert_close(
        from_flux(to_flux(values, stretch), stretch), values, atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("stretch", ["asinh", "srgb"])
def test_stretches_keep_black_white_and_order(stretch: Any) -> None:
    flux = to_flux(torch.linspace(0, 1, 101), stretch)
    assert float(flux[0]) == 0
    assert float(flux[-1]) == pytest.approx(1, abs=1e-5)
    assert (flux.diff() > 0).all()
    assert (flux[1:-1] < torch.linspace(0, 1, 101)[1:-1]).all(), "faint flux is shown brighter"


def test_asinh_is_its_formula() -> None:
    expected = math.asinh(0.3 / 0.1) / math.asinh(1 / 0.1)
    assert float(from_flux(torch.tensor(0.3), "asinh")) == pytest.approx(expected)


@pytest.mark.parametrize(("value", "flux"), [(0.5, 0.21404114), (0.04, 0.0030959752), (1.0, 1.0)])
def test_srgb_is_the_published_curve(value: float, flux: float) -> None:
    assert float(to_flux(torch.tensor(value), "srgb")) == pytest.approx(flux, rel=1e-5)


@pytest.mark.parametrize("stretch", ["asinh", "srgb"])
def test_display_values_are_clipped_to_0_and_1(stretch: Any) -> None:
    seen = from_flux(torch.tensor([-0.5, 3.0]), stretch)
    assert seen.tolist() == [0.0, 1.0]


def test_linear_flux_is_unchanged() -> None:
    flux = torch.tensor([-5.0, 0.0, 1e6])
    assert from_flux(flux, "linear") is flux
    assert to_flux(flux, "linear") is flux
