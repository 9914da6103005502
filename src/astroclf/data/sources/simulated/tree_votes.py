"""Simulated votes on the questions of Galaxy Zoo 2: volunteers who walk its tree.

The answers to a question have probabilities that follow from the features of the galaxy and their
visibility, a scatter from galaxy to galaxy (Dirichlet), and the scatter of the volunteers
(multinomial). The constants are such that means and standard deviations of the votes are close to
those of the table of the Kaggle challenge; no row of it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from astroclf.data.sources.simulated.population import Features
from astroclf.settings.schemas import read_schema
from astroclf.vote_tree import VoteTree

VOLUNTEERS = (35, 55)  # range of the number of volunteers of a galaxy
HALF_VISIBLE_SIGNAL_TO_NOISE = 15.0  # at which features are half as distinct as in a perfect image
ARTIFACT = (1.0, 36.0)  # shape of the beta distribution of that answer
FEATURED_SCATTER = 0.8  # of the log odds of features, beyond what the features here explain
# Concentration of the Dirichlet distribution of each question: small values scatter most.
SCATTER = {
    "Class1": 40.0,
    "Class2": 9.0,
    "Class3": 7.0,
    "Class4": 7.0,
    "Class5": 10.0,
    "Class6": 12.0,
    "Class7": 12.0,
    "Class8": 4.0,
    "Class9": 6.0,
    "Class10": 14.0,
    "Class11": 7.0,
}
# Answers to the odd feature: ring, lens or arc, disturbed, irregular, other, merger, dust lane.
ODD_ANSWERS = {
    "": (0.06, 0.06, 0.15, 0.18, 0.36, 0.17, 0.02),
    "ring": (0.72, 0.03, 0.04, 0.03, 0.13, 0.03, 0.02),
    "merger": (0.02, 0.04, 0.14, 0.10, 0.18, 0.51, 0.01),
    "irregular": (0.03, 0.04, 0.18, 0.44, 0.22, 0.08, 0.01),
}


@cache
def galaxy_zoo_2_tree() -> VoteTree:
    return read_schema("galaxy_zoo_2").tree


def draw_tree_votes(
    rng: np.random.Generator, tree: VoteTree, features: Features, signal_to_noise: float
) -> tuple[np.ndarray, int]:
    """Return the fractions of all volunteers, (K,) float32, and the number of volunteers."""
    volunteers = int(rng.integers(*VOLUNTEERS, endpoint=True))
    votes: dict[str, int] = {}
    for question, chances in zip(
        tree.questions, answer_probabilities(rng, features, signal_to_noise), strict=True
    ):
        reached = (
            sum(votes[name] for name in question.reached_by) if question.reached_by else volunteers
        )
        scattered = rng.dirichlet(np.maximum(np.array(chances) * SCATTER[question.name], 1e-3))
        votes |= dict(
            zip(question.answers, rng.multinomial(reached, scattered).tolist(), strict=True)
        )
    return np.array([votes[name] / volunteers for name in tree.answers], np.float32), volunteers


def answer_probabilities(
    rng: np.random.Generator, features: Features, signal_to_noise: float
) -> list[np.ndarray]:
    """Return the mean probability of each answer to the eleven questions, in their order."""
    visible = signal_to_noise / (signal_to_noise + HALF_VISIBLE_SIGNAL_TO_NOISE)
    artifact = rng.beta(*ARTIFACT)
    evidence = featured_evidence(features, visible) + rng.normal(0, FEATURED_SCATTER)
    featured = logistic(evidence)
    odd = {"": 0.12, "ring": 0.5, "merger": 0.62, "irregular": 0.55}[features.oddity]
    return [
        np.array([(1 - artifact) * (1 - featured), (1 - artifact) * featured, artifact]),
        pair(logistic((0.31 - features.axis_ratio) * 11)),
        pair(logistic(-2.3 + 20 * features.bar_share * visible)),
        pair(logistic(-1.7 + 6.8 * features.arm_strength * visible)),
        ordered(features.bulge_share, (0.09, 0.26, 0.49), 0.055),
        pair(0.1 + (odd - 0.1) * visible),
        ordered(-features.axis_ratio, (-0.83, -0.44), 0.06),
        np.array(ODD_ANSWERS[features.oddity]),
        bulge_shapes(features.bulge_share),
        ordered(features.arm_pitch_deg, (18.0, 27.0), 4.0),
        arm_counts(features, visible),
    ]


def featured_evidence(features: Features, visible: float) -> float:
    """Return the log odds of features or a disk."""
    if features.shape == "smooth":
        thin = max(0.0, 0.5 - features.axis_ratio)
        return -1.1 + 2.5 * thin + (0.9 if features.oddity else 0.0)
    if features.shape == "edge_on":
        return -0.4 + 2.2 * visible
    structure = 4.0 * features.arm_strength + 5.0 * features.bar_share - 1.5 * features.bulge_share
    return 0.1 + (structure + (0.8 if features.oddity else 0.0)) * visible


def bulge_shapes(bulge_share: float) -> np.ndarray:
    """Return probabilities of a rounded, boxy or no bulge in an edge-on disk."""
    none = logistic((0.16 - bulge_share) * 12)
    return np.array([0.86 * (1 - none), 0.14 * (1 - none), none])


def arm_counts(features: Features, visible: float) -> np.ndarray:
    """Return probabilities of 1, 2, 3, 4, more than 4 arms, and of no answer."""
    unclear = logistic(1.3 - 5.0 * features.arm_strength * visible)
    if not features.arm_count:
        return np.array([0.08, 0.3, 0.05, 0.02, 0.02, 0.53])
    distance = np.abs(np.arange(1, 6) - features.arm_count)
    counts = np.exp(-2.0 * distance)
    return np.append((1 - unclear) * counts / counts.sum(), unclear)


def pair(chance: float) -> np.ndarray:
    """Return the probabilities of yes and no."""
    return np.array([chance, 1 - chance])


def ordered(value: float, cuts: Sequence[float], width: float) -> np.ndarray:
    """Return probabilities of ordered answers, which change at the cuts over a width (cumulative logit)."""
    above = [1.0, *(logistic((value - cut) / width) for cut in cuts), 0.0]
    return -np.diff(above)


def logistic(evidence: float) -> float:
    return float(1 / (1 + np.exp(-evidence)))
