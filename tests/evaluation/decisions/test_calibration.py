from __future__ import annotations

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, log_softmax, logit, softmax
from sklearn.metrics import log_loss

from astroclf.evaluation.decisions.activation import SIGMOID, SOFTMAX
from astroclf.evaluation.decisions.calibration import COLDEST, HOTTEST, fit_temperature
from astroclf.evaluation.decisions.decision import Decision
from astroclf.evaluation.labels import Labels, make_labels

GRID = np.exp(np.linspace(np.log(COLDEST), np.log(HOTTEST), 301))


def class_labels(targets) -> Labels:
    return make_labels(targets, ())


def simulated(sharpness, n_images=400, n_classes=3, seed=0):
    """Logits that are `sharpness` times too large, and classes drawn from the right ones."""
    rng = np.random.default_rng(seed)
    right = rng.normal(0, 2, (n_images, n_classes))
    drawn = [rng.choice(n_classes, p=row) for row in softmax(right, axis=1)]
    return right * sharpness, np.array(drawn)


@settings(max_examples=50)
@given(
    sharpness=st.floats(0.3, 10),
    n_images=st.integers(5, 60),
    n_classes=st.integers(2, 5),
    seed=st.integers(0, 1000),
)
def test_no_temperature_of_a_fine_grid_is_better(sharpness, n_images, n_classes, seed):
    logits, targets = simulated(sharpness, n_images, n_classes, seed)
    fitted = fit_temperature(softmax(logits, axis=1), class_labels(targets), SOFTMAX)
    assert COLDEST <= fitted <= HOTTEST

    def loss(temperature):
        return -log_softmax(logits / temperature, axis=1)[np.arange(n_images), targets].mean()

    losses = [loss(t) for t in GRID]
    assert loss(fitted) <= min(losses) + 1e-12
    if COLDEST < fitted < HOTTEST:
        assert abs(np.log(fitted / GRID[np.argmin(losses)])) <= np.log(GRID[1] / GRID[0])


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_temperature_recovers_the_simulated_sharpness(sharpness):
    logits, targets = simulated(sharpness, n_images=20_000)
    assert fit_temperature(
        softmax(logits, axis=1), class_labels(targets), SOFTMAX
    ) == pytest.approx(sharpness, rel=0.03)


def test_the_log_loss_of_scikit_learn_falls():
    logits, targets = simulated(3.0)
    decision = Decision(SOFTMAX)
    plain = decision.probabilities(logits)
    warmed = Decision(
        SOFTMAX, temperature=fit_temperature(plain, class_labels(targets), SOFTMAX)
    ).probabilities(logits)
    assert log_loss(targets, warmed) < log_loss(targets, plain) - 0.1


@pytest.mark.parametrize("seed", range(5))
def test_it_is_exact_to_a_ten_thousandth(seed):
    logits, targets = simulated(2.0, seed=seed)
    fitted = fit_temperature(softmax(logits, axis=1), class_labels(targets), SOFTMAX)
    near = fitted + np.arange(-20, 21) * 5e-5
    losses = [log_loss(targets, softmax(logits / t, axis=1)) for t in near]
    assert abs(near[np.argmin(losses)] - fitted) < 1e-4
    assert np.argmin(losses) not in (0, 40)


def test_votes_are_calibrated_against_their_complement():
    rng = np.random.default_rng(0)
    right = rng.uniform(0.05, 0.95, (5000, 3))
    votes = (rng.binomial(40, right) / 40).astype(np.float32)
    fitted = fit_temperature(expit(2.5 * logit(right)), make_labels(votes, ()), SIGMOID)
    assert fitted == pytest.approx(2.5, rel=0.02)


@pytest.mark.parametrize("sureness", [0.9, 1 - 1e-12, 1.0])
def test_images_that_are_all_right_or_all_wrong_end_at_a_bound(sureness):
    targets = np.array([0, 1, 0, 1])
    right = np.where(np.eye(2)[targets] == 1, sureness, 1 - sureness)
    assert fit_temperature(right, class_labels(targets), SOFTMAX) == COLDEST
    assert fit_temperature(right, class_labels(1 - targets), SOFTMAX) == HOTTEST


def test_where_no_temperature_is_better_it_is_1():
    assert (
        fit_temperature(np.full((4, 3), 1 / 3), class_labels(np.array([0, 1, 2, 0])), SOFTMAX)
        == 1.0
    )
    assert (
        fit_temperature(np.empty((0, 3)), class_labels(np.empty(0, dtype=np.int64)), SOFTMAX) == 1.0
    )


def test_it_is_given_one_split_only():
    assert list(inspect.signature(fit_temperature).parameters) == [
        "probabilities",
        "labels",
        "activation",
    ]
