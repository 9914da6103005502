from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from astroclf.data.dataset import ImageDataset
from astroclf.data.preprocess import Preprocess, fit_preprocess


def see(dataset: ImageDataset, split: str) -> np.ndarray:
    """Network input of a split, float64."""
    preprocess = fit_preprocess(dataset)
    stored = torch.from_numpy(dataset.images[dataset.indices(split)])
    return preprocess.normalize(preprocess.scale(stored)).double().numpy()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_train_has_mean_0_and_variance_1(make_dataset: Any, dtype: type, channels: int) -> None:
    seen = see(make_dataset(700, channels, 4, dtype=dtype), "train")
    np.testing.assert_allclose(seen.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(seen.std(axis=(0, 2, 3)), 1, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_statistics_come_from_train_alone(make_dataset: Any, dtype: type) -> None:
    dataset = make_dataset(30, dtype=dtype)
    images = dataset.images.copy()
    images[dataset.indices("val")] = 255 - images[dataset.indices("val")] // 3
    assert fit_preprocess(replace(dataset, images=images)) == fit_preprocess(dataset)
    images[dataset.indices("train")[0]] = 0
    assert fit_preprocess(replace(dataset, images=images)) != fit_preprocess(dataset)


@pytest.mark.parametrize(("dtype", "white"), [(np.uint8, 255), (np.uint16, 65535)])
def test_display_values_are_scaled_to_1(make_dataset: Any, dtype: type, white: int) -> None:
    dataset = make_dataset(6)
    dataset = replace(dataset, images=dataset.images.astype(dtype))
    stored = torch.from_numpy(np.array([[[[0]], [[white]], [[white]]]], dtype=dtype))
    assert fit_preprocess(dataset).scale(stored).flatten().tolist() == [0.0, 1.0, 1.0]


def test_flux_is_in_units_of_the_noise(make_dataset: Any) -> None:
    dataset = make_dataset(60, px=16, dtype=np.float32)
    rng = np.random.default_rng(0)
    noise = np.array([0.1, 2.0, 30.0], np.float32)
    images = rng.normal(size=dataset.images.shape).astype(np.float32) * noise[:, None, None]
    images[:, :, 8, 8] += 1000  # sources must not count as noise
    found = fit_preprocess(replace(dataset, images=images))
    np.testing.assert_allclose(found.unit, noise, rtol=0.05)
    values = torch.tensor([[[[3.0]], [[60.0]], [[900.0]]]])
    scaled = found.scale(values)
    expected = (np.arcsinh(scaled.numpy().ravel()) - found.mean) / found.std
    np.testing.assert_allclose(found.normalize(scaled).numpy().ravel(), expected, rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_constant_band_stays_finite(make_dataset: Any, dtype: type) -> None:
    dataset = make_dataset(12, dtype=dtype)
    dataset.images[:, 1] = 7
    seen = see(dataset, "train")
    assert np.isfinite(seen).all()
    np.testing.assert_allclose(seen[:, 1], 0, atol=1e-5)


def test_json_round_trip_is_exact(make_dataset: Any) -> None:
    preprocess = fit_preprocess(make_dataset(12))
    assert Preprocess.from_dict(json.loads(json.dumps(preprocess.to_dict()))) == preprocess


def test_read_only_memory_maps_are_accepted(make_dataset: Any, tmp_path: Any) -> None:
    dataset = make_dataset(12)
    np.save(tmp_path / "images.npy", dataset.images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert fit_preprocess(replace(dataset, images=mapped)) == fit_preprocess(dataset)


def test_moments_of_a_large_split_are_those_of_a_sample(
    simulated_dataset: ImageDataset,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    whole = fit_preprocess(simulated_dataset)
    monkeypatch.setattr(
        "astroclf.data.preprocess.MOMENTS_BYTES", 20 * simulated_dataset.images[:1].nbytes
    )
    with caplog.at_level("INFO"):
        sampled = fit_preprocess(simulated_dataset)
    n_train = len(simulated_dataset.indices("train"))
    assert f"those of 20 of {n_train} training images, evenly spaced" in caplog.text
    assert sampled.mean != whole.mean
    np.testing.assert_allclose(sampled.mean, whole.mean, atol=0.1)
