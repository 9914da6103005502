from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image

from astroclf.data.dataset import ImageDataset
from astroclf.data.duplicates.similar import find_similar
from astroclf.data.sources.simulated.source import load
from astroclf.settings import Settings

RNG = np.random.default_rng(0)
SKY = ("dataset.image_px=64", "dataset.signal_to_noise=[20,300]")


def stars_of(dataset: ImageDataset) -> np.ndarray:
    stars: np.ndarray = np.asarray(dataset.images[dataset.targets == dataset.classes.index("star")])
    return stars


@pytest.fixture(scope="module")
def stars(settings: Callable[..., Settings]) -> np.ndarray:
    """About 200 simulated stars, (n, 3, 64, 64) float32 flux."""
    return stars_of(load(settings("dataset.n_images=400", *SKY).dataset))


def to_bytes(flux: np.ndarray) -> np.ndarray:
    """Return uint8 images stretched by asinh, in which the noise of the sky is a few levels."""
    sigma = np.median(np.abs(flux), axis=(2, 3), keepdims=True) / 0.6745
    shown: np.ndarray = (40 + 25 * np.arcsinh(flux / sigma / 2)).clip(0, 255).astype(np.uint8)
    return shown


def jpeg(image: np.ndarray, quality: int = 75) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0))).save(
        stream, "JPEG", quality=quality
    )
    return np.asarray(Image.open(stream)).transpose(2, 0, 1)


def resized(image: np.ndarray) -> np.ndarray:
    small = cv2.resize(image.transpose(1, 2, 0), (58, 58), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (64, 64), interpolation=cv2.INTER_LINEAR).transpose(2, 0, 1)


def with_noise(image: np.ndarray) -> np.ndarray:
    return (image + RNG.normal(0, 2.55, image.shape)).clip(0, 255).astype(np.uint8)


def brighter(image: np.ndarray) -> np.ndarray:
    return (1.1 * image.astype(np.float32)).clip(0, 255).astype(image.dtype)


COPIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mirrored": lambda image: image[:, :, ::-1],
    "turned": lambda image: np.rot90(image, 1, (1, 2)),
    "JPEG of quality 75": jpeg,
    "noise of 1 %": with_noise,
    "brightness times 1.1": brighter,
    "resized": resized,
    "turned, JPEG": lambda image: jpeg(np.rot90(image, 3, (1, 2))),
}


@pytest.mark.parametrize("name", COPIES)
def test_planted_copies_of_stars_are_found_and_no_other_pair(stars: np.ndarray, name: str) -> None:
    images = to_bytes(stars)
    n = len(images)
    both = np.concatenate([images, np.stack([COPIES[name](each) for each in images])])
    found = find_similar(both, np.arange(2 * n))
    assert (found[:, 1] == found[:, 0] + n).all()
    assert len(found) >= 0.98 * n


@pytest.mark.parametrize("name", ["mirrored", "turned", "resized", "brightness times 1.1"])
@pytest.mark.parametrize("bands", [1, 3, 5])
def test_copies_of_flux_are_found_in_any_number_of_bands(
    stars: np.ndarray, name: str, bands: int
) -> None:
    flux = stars[:60, :1] + RNG.normal(0, stars[:60].std() / 5, (60, bands, 64, 64))
    flux = flux.astype(np.float32) * np.linspace(1, 30, bands, dtype=np.float32)[:, None, None]
    copy = {"resized": lambda x: np.stack([resized(x[k : k + 1].repeat(3, 0))[0] for k in range(bands)]),
            "brightness times 1.1": lambda x: x * np.float32(1.1)}.get(name, COPIES[name])  # fmt: skip
    both = np.concatenate([flux, np.stack([copy(each) for each in flux])])
    expected = [[i, i + 60] for i in range(60)]
    assert find_similar(both, np.arange(120)).tolist() == expected


def test_only_kept_images_are_compared(stars: np.ndarray) -> None:
    twice = np.concatenate([stars[:5], stars[:5]])
    assert find_similar(twice, np.array([0, 1, 2, 7, 8])).tolist() == [[2, 7]]


def test_small_and_blank_images_have_no_near_duplicates() -> None:
    assert not len(find_similar(np.zeros((3, 1, 8, 8), np.uint8), np.arange(3)))
    assert not len(find_similar(np.zeros((3, 1, 32, 32), np.float32), np.arange(3)))


def test_pictures_without_noise_are_no_copies(caplog: pytest.LogCaptureFixture) -> None:
    y, x = np.mgrid[:64, :64] - 31.5
    axis_ratio, angle, radius = RNG.uniform([0.3, 0, 4], [1, np.pi, 9], (60, 3)).T[:, :, None, None]
    along, across = (
        x * np.cos(angle) + y * np.sin(angle),
        (y * np.cos(angle) - x * np.sin(angle)) / axis_ratio,
    )
    galaxies = 100 * np.exp(-3.67 * ((np.hypot(along, across) + 0.7) / radius) ** 0.5)
    assert not len(find_similar(galaxies[:, None].astype(np.float32), np.arange(60)))
    assert "most images agree but for brightness" in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("target", ["star_galaxy", "morphology"])
def test_independent_simulated_images_give_no_hit(
    settings: Callable[..., Settings], target: str
) -> None:
    """Among them are 4,000 stars."""
    images = load(
        settings("dataset.n_images=8000", f"dataset.target={target}", *SKY).dataset
    ).images
    for values in (images, to_bytes(np.asarray(images))):
        assert not len(find_similar(values, np.arange(len(values))))
