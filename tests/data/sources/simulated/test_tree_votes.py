from __future__ import annotations

import numpy as np
import pytest

from astroclf.data.sources.simulated.population import Features, draw_features
from astroclf.data.sources.simulated.tree_votes import (
    VOLUNTEERS,
    answer_probabilities,
    draw_tree_votes,
    galaxy_zoo_2_tree,
    ordered,
)
from astroclf.data.votes import tree_votes

TREE = galaxy_zoo_2_tree()
# Means and standard deviations over 11,919 galaxies of the table of the Kaggle challenge.
REAL = {
    "Class1.1": (0.442, 0.284),
    "Class1.2": (0.533, 0.297),
    "Class2.1": (0.106, 0.211),
    "Class3.1": (0.098, 0.174),
    "Class4.1": (0.208, 0.282),
    "Class5.2": (0.177, 0.192),
    "Class5.3": (0.173, 0.177),
    "Class6.1": (0.222, 0.220),
    "Class7.1": (0.175, 0.242),
    "Class7.2": (0.212, 0.218),
    "Class8.6": (0.039, 0.102),
    "Class9.1": (0.064, 0.138),
    "Class10.1": (0.092, 0.147),
    "Class11.2": (0.090, 0.189),
    "Class11.6": (0.072, 0.106),
}


def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Votes of n galaxies with signal-to-noise ratios from 20 to 300, and their numbers of volunteers."""
    rng = np.random.default_rng(0)
    drawn = [
        draw_tree_votes(rng, TREE, draw_features(rng), float(np.exp(rng.uniform(3.0, 5.7))))
        for _ in range(n)
    ]
    return np.stack([votes for votes, _ in drawn]), np.array([number for _, number in drawn])


@pytest.fixture(scope="module")
def votes() -> tuple[np.ndarray, np.ndarray]:
    return draw(2000)


def test_votes_follow_the_tree(votes: tuple[np.ndarray, np.ndarray]) -> None:
    fractions, _ = votes
    assert tree_votes(TREE, fractions.astype(float), "fractions").difference.max() < 1e-6


def test_votes_are_of_whole_volunteers(votes: tuple[np.ndarray, np.ndarray]) -> None:
    fractions, volunteers = votes
    counts = fractions * volunteers[:, None]
    assert counts == pytest.approx(counts.round(), abs=1e-4)
    assert volunteers.min() == VOLUNTEERS[0]
    assert volunteers.max() == VOLUNTEERS[1]


@pytest.mark.parametrize("name", REAL)
def test_votes_are_distributed_like_real_ones(
    votes: tuple[np.ndarray, np.ndarray], name: str
) -> None:
    column = votes[0][:, TREE.positions([name])[0]]
    mean, deviation = REAL[name]
    assert column.mean() == pytest.approx(mean, abs=0.05)
    assert column.std() == pytest.approx(deviation, abs=0.05)


@pytest.mark.parametrize(
    ("features", "answer"),
    [
        (Features("smooth", 0.97, 0.4), "Class7.1"),
        (Features("smooth", 0.65, 0.4), "Class7.2"),
        (Features("edge_on", 0.12, 0.5), "Class2.1"),
        (Features("face_on", 0.9, 0.2, 0.25), "Class3.1"),
        (Features("face_on", 0.9, 0.2, 0.0, 0.8, 2, 10.0), "Class11.2"),
        (Features("face_on", 0.9, 0.2, 0.0, 0.8, 2, 10.0), "Class10.1"),
        (Features("face_on", 0.9, oddity="ring"), "Class8.1"),
    ],
)
def test_clear_features_get_most_votes_of_their_question(features: Features, answer: str) -> None:
    chances = answer_probabilities(np.random.default_rng(0), features, 1000.0)
    number = next(i for i, each in enumerate(TREE.questions) if answer in each.answers)
    assert TREE.questions[number].answers[int(chances[number].argmax())] == answer


def test_probabilities_of_a_question_sum_to_one() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        for chances in answer_probabilities(rng, draw_features(rng), 30.0):
            assert chances.sum() == pytest.approx(1)
            assert chances.min() >= 0


def test_ordered_answers_change_at_the_cuts() -> None:
    assert ordered(0.5, (0.5, 2.0), 0.1)[:2] == pytest.approx([0.5, 0.5], abs=1e-4)
