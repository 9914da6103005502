"""Activations of a decision tree: fractions that obey it for any logits, their inverse and their calibration."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize_scalar
from scipy.special import expit, softmax
from scipy.stats import dirichlet

from astroclf.errors import UserError
from astroclf.evaluation.decisions.activation import Activation
from astroclf.evaluation.decisions.calibration import fit_temperature
from astroclf.evaluation.decisions.decision import Decision
from astroclf.evaluation.decisions.tree_activation import (
    QuestionConcentrations,
    QuestionSoftmax,
    shares_of,
)
from astroclf.evaluation.labels import make_labels
from fixtures.trees import GALAXIES, assert_obeys, draw_fractions, trees

SOFT, CONCENTRATED = QuestionSoftmax(GALAXIES), QuestionConcentrations(GALAXIES, 100.0)
LOGITS = np.random.default_rng(0).normal(0, 2, (50, len(GALAXIES.answers)))


@given(data=st.data(), tree=trees(), scale=st.floats(1, 1e4), temperature=st.floats(0.2, 20))
def test_fractions_obey_any_tree_for_any_logits(data, tree, scale, temperature):
    logits = data.draw(arrays(np.float64, (3, len(tree.answers)), elements=st.floats(-1e6, 1e6)))
    for activation in (QuestionSoftmax(tree), QuestionConcentrations(tree, scale)):
        decision = Decision(activation, temperature=temperature)
        assert_obeys(decision.probabilities(logits), tree)


def test_fractions_are_softmaxes_times_the_probability_of_reaching_the_question():
    p = SOFT.probabilities(LOGITS)
    shape, is_round, disk, merger = (
        softmax(LOGITS[:, part], axis=1)
        for part in (slice(0, 3), slice(3, 5), slice(5, 7), slice(7, 9))
    )
    np.testing.assert_allclose(p[:, 3], shape[:, 0] * is_round[:, 0])
    reach = shape[:, 0] * is_round[:, 1] + shape[:, 1] * disk[:, 1]
    np.testing.assert_allclose(p[:, 7], reach * merger[:, 0])


def test_shares_of_concentrations_are_the_mean_of_their_dirichlet():
    p = Decision(CONCENTRATED).probabilities(LOGITS)
    alpha = 1 + 100 * expit(LOGITS)
    expected = [dirichlet(row).mean() for row in alpha[:, :3]]
    np.testing.assert_allclose(p[:, :3], expected)


@given(tree=trees(), seed=st.integers(0, 99))
def test_logits_of_fractions_give_them_again(tree, seed):
    fractions = draw_fractions(tree, 5, seed).astype(np.float64)
    activation = QuestionSoftmax(tree)
    again = activation.probabilities(activation.logits_of(fractions))
    np.testing.assert_allclose(again, fractions, atol=1e-6)


def test_mean_of_fractions_that_obey_the_tree_obeys_it():
    mean = (SOFT.probabilities(LOGITS) + SOFT.probabilities(-LOGITS)) / 2
    assert_obeys(mean, GALAXIES)
    np.testing.assert_allclose(SOFT.probabilities(SOFT.logits_of(mean)), mean, atol=1e-12)


def test_shares_are_equal_where_nobody_reaches_the_question():
    found = shares_of(np.array([[0.2, 0.6], [0.0, 0.0]]))
    np.testing.assert_allclose(found, [[0.25, 0.75], [0.5, 0.5]])


@pytest.mark.parametrize("activation", [SOFT, CONCENTRATED])
def test_temperature_minimizes_the_cross_entropy_weighted_by_votes(activation):
    rng = np.random.default_rng(1)
    truth = draw_fractions(GALAXIES, 400, 3).astype(np.float64)
    logits = 3 * (SOFT.logits_of(truth) + rng.normal(0, 0.5, truth.shape))
    plain = Decision(activation)
    fitted = fit_temperature(
        plain.probabilities(logits), make_labels(truth, GALAXIES.answers), activation
    )

    def loss(temperature: float) -> float:
        p = Decision(activation, temperature=temperature).probabilities(logits)
        shares = np.concatenate([shares_of(block) for block in GALAXIES.split(p)], axis=1)
        return float(-(truth * np.log(shares)).sum())

    best = minimize_scalar(loss, bounds=(0.2, 20), method="bounded", options={"xatol": 1e-6})
    assert fitted == pytest.approx(best.x, abs=1e-4)
    assert_obeys(Decision(activation, temperature=fitted).probabilities(logits), GALAXIES)


@pytest.mark.parametrize("activation", [SOFT, CONCENTRATED])
def test_json_holds_the_tree(activation):
    decision = Decision(activation, temperature=1.5, thresholds=(0.4,) * len(GALAXIES.answers))
    written = json.loads(json.dumps(decision.to_dict()))
    assert written == decision.to_dict()
    assert Decision.from_dict(written) == decision


@pytest.mark.parametrize("tree", [None, {}, {"questions": [{"name": "x"}]}])
def test_json_without_a_tree_is_refused(tree):
    with pytest.raises(UserError, match="activation=question_softmax"):
        Activation.from_json({"name": "question_softmax", "tree": tree})


def test_an_answer_is_given_where_its_fraction_exceeds_its_threshold():
    labels = Decision(SOFT).predict(LOGITS).labels
    np.testing.assert_array_equal(labels, SOFT.probabilities(LOGITS) > 0.5)
    assert labels.dtype == bool
