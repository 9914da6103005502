from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax, logit, softmax

from astroclf.errors import UserError
from astroclf.evaluation.decisions.activation import (
    NORMALIZED_SIGMOID,
    SIGMOID,
    SOFTMAX,
    most_probable,
)
from astroclf.evaluation.decisions.conformal import PredictionSets
from astroclf.evaluation.decisions.decision import Decision, shift_of_alpha

# Differences that neither a division nor an exponential rounds away.
LOGITS = arrays(
    np.int64,
    array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=6),
    elements=st.integers(-40, 40),
).map(lambda numbers: numbers / 4)
FULL = Decision(SOFTMAX, (0.1, -0.3, 1 / 3), 2.0, 1.7, (0.2, 0.3, 0.5))
VOTES = Decision(SIGMOID, (0.5, 0.5), 0.0, 0.9, None, (0.2, 0.7))
SETS = {"level": 0.9, "thresholds": [0.4, 0.5]}
WITH_SETS = Decision(SOFTMAX, temperature=2.0, conformal=PredictionSets(0.9, (0.4, 0.5)))


def test_activations_are_their_formulas():
    logits = np.random.default_rng(0).normal(0, 3, (20, 4)).astype(np.float32)
    wide = logits.astype(np.float64)
    sigmoids = expit(wide)
    np.testing.assert_allclose(Decision(SOFTMAX).probabilities(logits), softmax(wide, axis=1))
    np.testing.assert_allclose(Decision(SIGMOID).probabilities(logits), sigmoids)
    np.testing.assert_allclose(
        Decision(NORMALIZED_SIGMOID).probabilities(logits),
        sigmoids / sigmoids.sum(1, keepdims=True),
    )


@pytest.mark.parametrize("activation", [SOFTMAX, NORMALIZED_SIGMOID])
@given(logits=LOGITS, temperature=st.floats(0.2, 20))
def test_temperature_is_a_power_of_the_probabilities_and_keeps_labels(
    activation, logits, temperature
):
    plain = Decision(activation).probabilities(logits)
    warmed = Decision(activation, temperature=temperature).probabilities(logits)
    # Sigmoids that round to 1 may tie.
    best = np.take_along_axis(plain, warmed.argmax(axis=1)[:, None], axis=1)[:, 0]
    np.testing.assert_allclose(best, plain.max(axis=1), rtol=1e-12)
    log_powers = np.log(plain) / temperature
    np.testing.assert_allclose(warmed, softmax(log_powers, axis=1), rtol=1e-9, atol=1e-300)


def test_temperature_warms_each_vote_fraction_against_its_complement():
    logits = np.array([[0.0, 2.0, -3.0]])
    warmed = Decision(SIGMOID, temperature=2.0).probabilities(logits)
    np.testing.assert_allclose(warmed, expit(logits / 2))


@given(share=st.floats(0, 1), threshold=st.floats(0.001, 0.999))
def test_two_factors_are_a_threshold(share, threshold):
    labels = Decision(SOFTMAX, class_factors=(threshold, 1 - threshold)).labels(
        np.array([[1 - share, share]])
    )
    if abs(share - threshold) > 1e-12:
        assert labels == [share > threshold]


def test_labels():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    assert Decision(SOFTMAX).labels(probabilities).tolist() == [0, 2]
    assert most_probable(probabilities).tolist() == [0, 2]
    tuned = Decision(SOFTMAX, class_factors=(0.2, 0.6, 0.2)).labels(probabilities)
    assert tuned.tolist() == [1, 2]
    assert tuned.dtype == np.int64


def test_answers():
    fractions = np.array([[0.3, 0.6], [0.6, 0.8]])
    assert VOTES.labels(fractions).tolist() == [[True, False], [True, True]]
    assert Decision(SIGMOID).labels(fractions).tolist() == [[False, True], [True, True]]


def test_prediction_sets_come_from_the_calibrated_probabilities():
    logits = np.array([[2.0, 0.0], [0.0, 0.1]])
    predicted = WITH_SETS.predict(logits)
    p = 1 / (1 + np.exp([-1.0, 0.05]))  # temperature 2
    np.testing.assert_allclose(predicted.probabilities[:, 0], p)
    assert predicted.sets.tolist() == [[True, False], [False, True]]
    assert predicted.of_images(np.array([1])).sets.tolist() == [[False, True]]
    assert Decision(SOFTMAX).predict(logits).sets is None


@pytest.mark.parametrize("decision", [FULL, VOTES, Decision(NORMALIZED_SIGMOID), WITH_SETS])
def test_json_brings_back_the_same_decision(decision):
    written = json.loads(json.dumps(decision.to_dict(), allow_nan=False))
    assert written == decision.to_dict()
    assert Decision.from_dict(written) == decision


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"activation": "tanh"}, "activation=tanh: unknown"),
        ({"activation": "softmax", "temperature": 0.0}, "temperature is above 0"),
        ({"activation": "softmax", "temperature": float("nan")}, "finite"),
        ({"activation": "softmax", "logit_shift": [0.0, float("inf")]}, "finite"),
        ({"activation": "softmax", "focal_gamma": -1}, "focal_gamma is 0 or more"),
        ({"activation": "softmax", "class_factors": [0.0, 1.0]}, "above 0"),
        ({"activation": "softmax", "logit_shift": [0, 1], "class_factors": [1, 1, 1]}, "each"),
        ({"activation": "sigmoid", "class_factors": [0.5, 0.5]}, "class_factors are for"),
        ({"activation": "softmax", "thresholds": [0.5, 0.5]}, "thresholds are for"),
        ({"activation": "sigmoid", "thresholds": [0.5, 1.5]}, "between 0 and 1"),
        ({"activation": "softmax", "class_weights": [0.0, 1.0]}, "class_weights are above 0"),
        ({"activation": "sigmoid", "class_weights": [1.0, 2.0]}, "class_weights are for classes"),
        ({"activation": "sigmoid", "conformal": SETS}, "prediction sets are for classes"),
        (
            {"activation": "softmax", "conformal": {**SETS, "level": 1.0}},
            "level and the thresholds",
        ),
        ({"activation": "softmax", "conformal": {**SETS, "thresholds": [0.5, 1.1]}}, "between 0"),
        ({"activation": "softmax", "conformal": SETS, "class_weights": [1, 1, 1]}, "each"),
        ({"activation": "softmax", "conformal": {"level": 0.9}}, "have a level and thresholds"),
        ({"activation": "softmax", "conformal": [0.9]}, "have a level and thresholds"),
        ({"activation": "softmax", "prior": [0.5, 0.5]}, "has activation, prior"),
        ({"temperature": 2.0}, "has an activation"),
    ],
)
def test_a_decision_that_cannot_be_used_is_refused(content, complaint):
    with pytest.raises(UserError, match=complaint):
        Decision.from_dict(content)


def test_shift_of_alpha():
    assert shift_of_alpha(SOFTMAX, None, n_classes=2) is None
    np.testing.assert_allclose(shift_of_alpha(SOFTMAX, (3.0, 1.0), n_classes=2), np.log([3, 1]))
    np.testing.assert_allclose(
        shift_of_alpha(NORMALIZED_SIGMOID, 0.25, n_classes=3), [-np.log(3)] * 3
    )
    np.testing.assert_allclose(shift_of_alpha(SIGMOID, (0.25, 2.0), n_classes=2), np.log([0.25, 2]))
    with pytest.raises(ValueError, match="one alpha a class"):
        shift_of_alpha(SOFTMAX, 0.25, n_classes=2)


def test_class_weights_recover_true_priors_after_training_with_weights():
    """A softmax regression on simulated classes of which the truth is known."""
    rng = np.random.default_rng(0)
    prior, weights = np.array([0.7, 0.2, 0.1]), np.array([1 / 2.1, 1 / 0.6, 1 / 0.3])
    centers = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    y = rng.choice(3, 6000, p=prior)
    x = np.column_stack([centers[y] + rng.normal(size=(6000, 2)), np.ones(6000)])

    def weighted_loss(flat):
        log_p = log_softmax(x @ flat.reshape(3, 3), axis=1)
        residual = np.exp(log_p) - np.eye(3)[y]
        slope = x.T @ (residual * weights[y][:, None])
        return -np.sum(weights[y] * log_p[np.arange(6000), y]), slope.ravel()

    trained = minimize(weighted_loss, np.zeros(9), jac=True).x.reshape(3, 3)
    shifted = Decision(SOFTMAX).probabilities(x @ trained)
    corrected = Decision(SOFTMAX, class_weights=tuple(weights)).probabilities(x @ trained)
    assert abs(shifted.mean(axis=0) - prior).max() > 0.1
    np.testing.assert_allclose(corrected.mean(axis=0), prior, atol=0.01)
    distances = ((x[:, None, :2] - centers) ** 2).sum(axis=2)
    truth = softmax(np.log(prior) - distances / 2, axis=1)
    assert abs(corrected - truth).mean() < 0.02


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
@pytest.mark.parametrize("alpha", [0.25, 0.6])
@pytest.mark.parametrize("truth", [0.03, 0.5, 0.9])
def test_the_minimum_of_a_sigmoid_focal_loss_gives_the_truth_back(gamma, alpha, truth):
    def expected_loss(z):
        p = expit(z)
        true_side = -alpha * (1 - p) ** gamma * np.log(p)
        other_side = -(1 - alpha) * p**gamma * np.log(1 - p)
        return truth * true_side + (1 - truth) * other_side

    z = minimize_scalar(expected_loss, bounds=(-12, 12), options={"xatol": 1e-10}).x
    shift = shift_of_alpha(SIGMOID, alpha, n_classes=1)
    decision = Decision(SIGMOID, logit_shift=shift, focal_gamma=gamma)
    assert decision.probabilities(np.array([[z]])) == pytest.approx(truth, abs=1e-5)


@pytest.mark.parametrize("gamma", [0.5, 2.0, 5.0])
def test_the_minimum_of_a_softmax_focal_loss_gives_the_truth_back(gamma):
    truth, weights = np.array([0.6, 0.3, 0.1]), np.array([0.5, 1.0, 4.0])

    def expected_loss(z):
        p = softmax(z)
        return -np.sum(truth * weights * (1 - p) ** gamma * np.log(p))

    z = minimize(expected_loss, np.zeros(3), tol=1e-10).x
    decision = Decision(SOFTMAX, focal_gamma=gamma, class_weights=tuple(weights))
    np.testing.assert_allclose(decision.probabilities(z[None])[0], truth, atol=1e-4)


@pytest.mark.parametrize("activation", [SOFTMAX, SIGMOID, NORMALIZED_SIGMOID])
def test_very_sure_networks_give_finite_ordered_probabilities(activation):
    sure = np.linspace(-900, 900, 201)
    logits = np.stack([np.zeros_like(sure), sure, np.full_like(sure, -5.0)], axis=1)
    p = Decision(activation, (0.1, 0.2, 0.3), focal_gamma=2.0, temperature=3.0).probabilities(
        logits
    )
    assert np.isfinite(p).all()
    assert (np.diff(p[:, 1]) >= 0).all()
    if activation.rows_sum_to_one:
        np.testing.assert_allclose(p.sum(axis=1), 1)


def test_undoing_gamma_0_is_the_limit_of_small_gammas():
    logits = logit(np.array([[0.2, 0.5, 0.9]]))
    for activation in (SOFTMAX, SIGMOID, NORMALIZED_SIGMOID):
        almost = Decision(activation, focal_gamma=1e-9).probabilities(logits)
        np.testing.assert_allclose(almost, Decision(activation).probabilities(logits), atol=1e-7)
