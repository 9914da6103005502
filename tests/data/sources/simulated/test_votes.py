from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroclf.data.sources.simulated import galaxies
from astroclf.data.sources.simulated.votes import VOLUNTEERS, answer_probabilities, draw_votes


@given(
    morphology=st.sampled_from(galaxies.MORPHOLOGIES),
    axis_ratio=st.floats(0.05, 1),
    signal_to_noise=st.floats(0.1, 1000),
)
def test_answer_probabilities_sum_to_one(morphology, axis_ratio, signal_to_noise):
    chances = answer_probabilities(morphology, axis_ratio, signal_to_noise)
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
def test_volunteers_agree_on_clear_images_and_differ_on_faint_ones(morphology, axis_ratio):
    named = galaxies.MORPHOLOGIES.index(morphology)
    clear = answer_probabilities(morphology, axis_ratio, 300)
    faint = answer_probabilities(morphology, axis_ratio, 3)
    assert clear[named] > 0.9
    assert faint[named] < clear[named] - 0.1


def test_answers_are_divided_on_a_boundary():
    chances = answer_probabilities("in_between", galaxies.ROUND_TO_IN_BETWEEN, 300)
    assert chances[:2] == pytest.approx([0.5, 0.5], abs=0.01)


def test_votes_have_the_mean_of_the_probabilities():
    rng = np.random.default_rng(0)
    votes = np.stack([draw_votes(rng, "spiral", 0.7, 20.0) for _ in range(300)])
    assert votes.sum(axis=1) == pytest.approx(np.ones(300))
    assert (votes * VOLUNTEERS) == pytest.approx((votes * VOLUNTEERS).round(), abs=1e-4)
    assert votes.mean(axis=0) == pytest.approx(answer_probabilities("spiral", 0.7, 20.0), abs=0.02)
