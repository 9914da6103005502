"""Tests of astroclf.data.flux_curve."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from astroclf.data.flux_curve import CURVES, FluxCurve, fit_flux_curve, plain_asinh
from astroclf.data.preprocess import Preprocess, fit_preprocess
from astroclf.errors import UserError
from astroclf.settings import sections

SDSS_B = {"u": 1.4e-10, "g": 0.9e-10, "r": 1.2e-10, "i": 1.8e-10, "z": 7.4e-10}
UGRIZ = tuple(SDSS_B)
LUPTITUDES = sections.Luptitudes(name="luptitudes", nanomaggies=1.0, b=SDSS_B)


def scaled(name: str, scale: Any = "auto") -> sections.ScaledFlux:
    return sections.ScaledFlux(name=name, scale=scale)


def curve_of(settings: Any, unit: tuple[float, ...], sample: np.ndarray | None = None) -> FluxCurve:
    sample = np.zeros((2, len(unit), 4, 4), np.float32) if sample is None else sample
    return fit_flux_curve(settings, UGRIZ[: len(unit)], unit, sample)


def stretched(curve: FluxCurve, flux: np.ndarray, unit: tuple[float, ...]) -> np.ndarray:
    """Stretched values of flux, (C,) in units of the images."""
    values = torch.tensor(flux / np.array(unit), dtype=torch.float64).view(1, -1, 1, 1)
    return curve(values).flatten().numpy()


def test_luptitudes_are_the_asinh_magnitudes_of_sdss() -> None:
    """m = -2.5 / ln 10 (asinh(f / 2b) + ln b), f in maggies; zero flux has the published magnitude."""
    unit = (0.3, 0.02, 0.04, 0.05, 0.2)
    curve = curve_of(LUPTITUDES, unit)
    flux = np.array([0.0, 0.1, 5.0, -1.0, 3e4])
    b = np.array(list(SDSS_B.values()))
    magnitude = -2.5 / np.log(10) * (stretched(curve, flux, unit) + np.log(b))
    expected = -2.5 / np.log(10) * (np.arcsinh(flux * 1e-9 / (2 * b)) + np.log(b))
    np.testing.assert_allclose(magnitude, expected, rtol=1e-6)
    assert magnitude[0] == pytest.approx(24.63, abs=0.01)  # table 21 of Stoughton et al. 2002, u
    assert magnitude[4] == pytest.approx(22.5 - 2.5 * np.log10(3e4), abs=1e-3)  # Pogson if bright


def test_softening_and_scale_are_in_units_of_the_images() -> None:
    settings = sections.AsinhFlux(name="asinh", softening=3.0, scale=(2.0, 5.0))
    found = stretched(curve_of(settings, (0.1, 0.7)), np.array([12.0, 12.0]), (0.1, 0.7))
    np.testing.assert_allclose(found, np.arcsinh([12 / 6, 12 / 15]), rtol=1e-6)


def test_auto_is_the_sky_noise() -> None:
    settings = sections.AsinhFlux(name="asinh", softening=1.0, scale="auto")
    assert curve_of(settings, (0.1, 0.7)) == plain_asinh(2)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("log", [-np.log(3), np.log(101)]), ("sqrt", [1 - 3**0.5, 101**0.5 - 1]), ("none", [-2, 100])],
)
def test_symmetric_stretches(name: str, expected: list[float]) -> None:
    found = stretched(curve_of(scaled(name), (1.0, 1.0)), np.array([-2.0, 100.0]), (1.0, 1.0))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_zscale_limits_are_those_of_astropy() -> None:
    visualization = pytest.importorskip("astropy.visualization")
    rng = np.random.default_rng(0)
    sample = rng.normal(size=(6, 2, 20, 20)).astype(np.float32) * np.array([1, 9])[:, None, None]
    settings = sections.ZscaleFlux(name="zscale", contrast=0.25)
    curve = curve_of(settings, (1.0, 9.0), sample)
    for band, unit in enumerate((1.0, 9.0)):
        pixels = sample[:, band]
        low, high = visualization.ZScaleInterval(n_samples=pixels.size).get_limits(pixels)
        ends = np.full((2, 2), [[low], [high]])
        found = [stretched(curve, each, (1.0, 9.0))[band] for each in ends]
        np.testing.assert_allclose(found, [0, 1], atol=1e-5)
        assert curve.softening[band] * unit == pytest.approx(high - low, rel=1e-5)


@given(st.sampled_from(sorted(CURVES)), st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_stretches_are_finite_and_never_decrease(name: Any, flux: list[float]) -> None:
    values = torch.tensor(sorted(flux), dtype=torch.float64).view(-1, 1, 1, 1)
    curve = FluxCurve(name, (0.5,), (2.0,))(values).flatten()
    assert curve.isfinite().all()
    assert (curve.diff() >= 0).all()


@pytest.mark.parametrize(
    ("settings", "bands", "message"),
    [
        (scaled("log", (1.0, 2.0)), ("g", "r", "i"), "flux.scale has 2 numbers for 3 bands"),
        (LUPTITUDES, ("g", "Ks"), "band Ks has no b"),
    ],
)
def test_lists_that_do_not_fit_the_bands_are_refused(
    settings: Any, bands: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        fit_flux_curve(settings, bands, (1.0,) * len(bands), np.zeros((1, len(bands), 2, 2)))


@pytest.mark.parametrize("name", ["asinh", "log", "sqrt", "none"])
def test_inputs_are_normalized_after_every_stretch(make_dataset: Any, name: str) -> None:
    dataset = make_dataset(40, 2, 8, dtype=np.float32)
    dataset = replace(dataset, pixels=replace(dataset.pixels, stretch="linear", bands=("g", "r")))
    settings = (
        sections.AsinhFlux(name="asinh", softening=5.0, scale=3.0)
        if name == "asinh"
        else scaled(name)
    )
    preprocess = fit_preprocess(dataset, settings)
    stored = torch.from_numpy(dataset.images[dataset.indices("train")])
    inputs = preprocess.normalize(preprocess.scale(stored)).double()
    torch.testing.assert_close(
        inputs.mean(dim=(0, 2, 3)), torch.zeros(2).double(), atol=1e-4, rtol=0
    )
    torch.testing.assert_close(inputs.std(dim=(0, 2, 3)), torch.ones(2).double(), atol=1e-3, rtol=0)
    assert Preprocess.from_dict(preprocess.to_dict()) == preprocess


def test_preprocessing_of_a_former_version_has_asinh() -> None:
    stored = {"stretch": "linear", "unit": [2.0], "mean": [0.0], "std": [1.0]}
    assert Preprocess.from_dict(stored).curve == plain_asinh(1)
    assert Preprocess("asinh", (255.0,), (0.0,), (1.0,)).curve is None


def test_asinh_has_a_gradient_and_the_value_of_torch() -> None:
    flux = torch.linspace(-1e4, 1e4, 1001).view(-1, 1, 1, 1)
    torch.testing.assert_close(plain_asinh(1)(flux), flux.asinh(), rtol=1e-6, atol=1e-7)
    plain_asinh(1)(flux.requires_grad_()).sum().backward()
    torch.testing.assert_close(flux.grad, (1 + flux.detach() ** 2).rsqrt())
