from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from astroclf.data import galaxies, sky
from astroclf.data.sources import simulated
from astroclf.settings import sections

CONF = Path(__file__).parents[2] / "conf/dataset/simulated.yaml"


def simulate(**changes):
    stated = OmegaConf.to_container(OmegaConf.load(CONF))
    return simulated.load(sections.Simulated(**{**stated, "n_images": 20, **changes}))


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
def test_the_outermost_settings_give_finite_flux(
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


def test_an_image_depends_on_seed_and_place_alone():
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
    answers = votes.targets * simulated.VOLUNTEERS
    assert answers == pytest.approx(answers.round(), abs=1e-4)


@given(
    morphology=st.sampled_from(galaxies.MORPHOLOGIES),
    axis_ratio=st.floats(0.05, 1),
    signal_to_noise=st.floats(0.1, 1000),
)
def test_answer_chances_are_chances(morphology, axis_ratio, signal_to_noise):
    chances = simulated.answer_chances(morphology, axis_ratio, signal_to_noise)
    assert chances.min() >= 0
    assert chances.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("morphology", "axis_ratio"),
    [
        ("completely_round", 0.97),
        ("in_between", 0.68),
        ("cigar", 0.3),
        ("edge_on", 0.1),
        ("spiral", 0.7),
    ],
)
def test_volunteers_agree_on_what_is_clear_and_differ_on_what_is_faint(morphology, axis_ratio):
    named = galaxies.MORPHOLOGIES.index(morphology)
    clear = simulated.answer_chances(morphology, axis_ratio, 300)
    faint = simulated.answer_chances(morphology, axis_ratio, 3)
    assert clear[named] > 0.9
    assert faint[named] < clear[named] - 0.1


def test_volunteers_are_torn_on_a_boundary():
    chances = simulated.answer_chances("in_between", galaxies.ROUND_TO_IN_BETWEEN, 300)
    assert chances[:2] == pytest.approx([0.5, 0.5], abs=0.01)


@pytest.mark.parametrize("kind", ["star", "spiral"])
def test_signal_to_noise_is_that_of_the_matched_filter(kind):
    rng = np.random.default_rng(0)
    exposure = simulated.draw_exposure(rng, sky.Canvas(64, 0.396), (1.0, 1.5))
    if kind == "star":
        source = simulated.see_star(exposure, galaxies.draw_star_flux(rng), np.zeros(2))
    else:
        galaxy = galaxies.draw_galaxy(rng, exposure.canvas, kind, 2.0)
        source = simulated.see_galaxy(exposure, galaxy, np.zeros(2))
    scene = exposure.at_signal_to_noise(source, 40.0)
    shots = [
        sky.observe(rng, scene, exposure.sky_nmgy, exposure.electrons_per_nmgy)[1]
        for _ in range(500)
    ]
    weights = scene[1] / (exposure.sky_nmgy[1] + scene[1])
    measured = np.array([(weights * shot).sum() for shot in shots])
    assert measured.mean() / measured.std() == pytest.approx(40, rel=0.1)


def test_border_tells_nothing_of_the_class():
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
