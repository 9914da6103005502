from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.data.dataset import ImageDataset
from astroclf.data.sources.simulated import galaxies
from astroclf.data.sources.simulated.source import load
from astroclf.data.sources.simulated.source import simulate as simulate_images
from astroclf.data.sources.simulated.votes import VOLUNTEERS
from astroclf.settings import sections
from fixtures.composition import compose_config


def settings_with(**changes: Any) -> sections.Simulated:
    return sections.Simulated(**{**compose_config()["dataset"], "n_images": 20, **changes})


def simulate(**changes: Any) -> ImageDataset:
    return simulate_images(settings_with(**changes))


def test_images_are_drawn_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    cache = str(tmp_path / "cache")
    first = load(settings_with(cache=cache, image_px=16))
    again = load(settings_with(cache=cache, image_px=16, val_fraction=0.3, split_seed=1))
    assert isinstance(again.images, np.memmap)
    assert again.fingerprint == first.fingerprint
    assert caplog.text.count("simulating") == 1
    load(settings_with(cache=cache, image_px=16, seed=1))
    assert caplog.text.count("simulating") == 2


@pytest.mark.parametrize(
    ("target", "classes"),
    [("star_galaxy", ("galaxy", "star")), ("morphology", galaxies.MORPHOLOGIES)],
)
def test_classes_are_balanced_and_flux_is_linear(target, classes):
    dataset = simulate(target=target, image_px=48)
    assert dataset.images.shape == (20, 3, 48, 48)
    assert dataset.images.dtype == np.float32
    assert np.isfinite(dataset.images).all()
    assert (dataset.images < 0).mean() > 0.3
    assert dataset.pixels.stretch == "linear"
    assert dataset.pixels.bands == ("g", "r", "i")
    assert dataset.classes == classes
    assert dataset.targets.dtype == np.int64
    assert set(np.bincount(dataset.targets)) == {20 // len(classes)}
    assert dataset.ids[[0, 19]].tolist() == ["sim-000000", "sim-000019"]
    assert set(dataset.split) == {""}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("pixel_scale_arcsec", [0.01, 2.0])
@pytest.mark.parametrize("seeing_arcsec", [(0.05, 0.05), (20.0, 20.0)])
@pytest.mark.parametrize("signal_to_noise", [(0.1, 0.1), (1e5, 1e5)])
@pytest.mark.parametrize("image_px", [1, 16])
def test_extreme_settings_give_finite_flux(
    pixel_scale_arcsec, seeing_arcsec, signal_to_noise, image_px
):
    images = simulate(
        n_images=5,
        target="morphology",
        image_px=image_px,
        pixel_scale_arcsec=pixel_scale_arcsec,
        seeing_arcsec=seeing_arcsec,
        signal_to_noise=signal_to_noise,
    ).images
    assert np.isfinite(images).all()


def test_an_image_depends_only_on_seed_and_index():
    few, many = simulate(n_images=3), simulate(n_images=70)
    assert np.array_equal(few.images, many.images[:3])
    assert not np.array_equal(simulate(n_images=3, seed=1).images, few.images)
    assert len(np.unique(many.images[:, 1, 0, 0])) == 70


def test_votes_are_of_the_same_sky_as_the_morphologies():
    votes, labels = simulate(target="votes"), simulate(target="morphology")
    assert np.array_equal(votes.images, labels.images)
    assert votes.classes == labels.classes
    assert votes.targets.dtype == np.float32
    assert votes.targets.sum(axis=1) == pytest.approx(np.ones(20))
    answers = votes.targets * VOLUNTEERS
    assert answers == pytest.approx(answers.round(), abs=1e-4)


def test_the_border_is_independent_of_the_class():
    dataset = simulate(n_images=200)
    border = dataset.images[:, :, :3].std(axis=(2, 3))
    galaxy, star = (np.median(border[dataset.targets == label], axis=0) for label in (0, 1))
    assert galaxy == pytest.approx(star, rel=0.05)


def test_bright_galaxies_are_wider_than_bright_stars():
    dataset = simulate(n_images=100, signal_to_noise=(300, 300), seeing_arcsec=(1.2, 1.2))
    r = dataset.images[:, 1, 16:48, 16:48]
    peak_share = r.max(axis=(1, 2)) / r.sum(axis=(1, 2))
    galaxy, star = (peak_share[dataset.targets == label] for label in (0, 1))
    assert np.median(galaxy) < 0.7 * np.median(star)


def test_votes_of_galaxy_zoo_2_have_their_tree_and_volunteers(tmp_path: Path) -> None:
    changes = {"target": "galaxy_zoo_2", "n_images": 6, "image_px": 24}
    drawn, stored = simulate(**changes), load(settings_with(**changes, cache=str(tmp_path)))
    for dataset in (drawn, stored):
        assert dataset.tree is not None
        assert dataset.classes == dataset.tree.answers
        assert dataset.targets.shape == (6, 37)
        assert dataset.vote_counts is not None
        assert dataset.vote_counts.min() >= 35
    assert np.array_equal(drawn.vote_counts, stored.vote_counts)
