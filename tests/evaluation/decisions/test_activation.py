"""Activations: formulas, JSON, registration of new ones, and labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import BaseModel
from scipy.special import expit, softmax

from astroclf.errors import UserError
from astroclf.evaluation.decisions.activation import (
    ACTIVATIONS,
    NORMALIZED_SIGMOID,
    SIGMOID,
    SOFTMAX,
    Activation,
    Sigmoid,
    most_probable,
)
from astroclf.evaluation.decisions.decision import Decision

LOGITS = np.random.default_rng(0).normal(0, 3, (20, 4))


def test_probabilities_equal_those_of_scipy() -> None:
    sigmoids = expit(LOGITS)
    expected = {
        SOFTMAX: softmax(LOGITS, axis=1),
        SIGMOID: sigmoids,
        NORMALIZED_SIGMOID: sigmoids / sigmoids.sum(axis=1, keepdims=True),
    }
    for activation, probabilities in expected.items():
        found = activation.probabilities(activation.scores(LOGITS))
        np.testing.assert_allclose(found, probabilities)


@pytest.mark.parametrize("activation", [SOFTMAX, NORMALIZED_SIGMOID])
@given(weights=arrays(np.float64, (4, 3), elements=st.floats(0.001, 1)))
def test_logits_of_probabilities_of_classes_give_them_again(
    activation: Activation, weights: np.ndarray
) -> None:
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    again = activation.probabilities(activation.scores(activation.logits_of(probabilities)))
    assert again == pytest.approx(probabilities, abs=1e-12)


@given(arrays(np.float64, (4, 3), elements=st.floats(0, 1)))
def test_logits_of_vote_fractions_are_finite_and_give_them_again(fractions: np.ndarray) -> None:
    logits = SIGMOID.logits_of(fractions)
    assert np.isfinite(logits).all()
    assert SIGMOID.probabilities(logits) == pytest.approx(fractions, abs=1e-12)


def test_votes_are_calibrated_against_their_complement() -> None:
    fractions, votes = np.array([[0.8, 0.3], [0.2, 0.5]]), np.array([[0.9, 0.2], [0.1, 0.4]])
    ((rows, truth),) = SIGMOID.calibration_blocks(fractions, votes)
    np.testing.assert_allclose(rows[:, 1], [0.8, 0.3, 0.2, 0.5])
    np.testing.assert_allclose(truth[:, 1], [0.9, 0.2, 0.1, 0.4])
    np.testing.assert_allclose(rows.sum(axis=1), 1)


@pytest.mark.parametrize("activation", [SOFTMAX, SIGMOID, NORMALIZED_SIGMOID])
def test_json_is_the_name_and_is_read_back(activation: Activation) -> None:
    assert activation.to_json() == activation.name
    assert Activation.from_json(activation.name) == activation


def test_old_spelling_in_a_bundle_is_read_as_the_new_one() -> None:
    assert Activation.from_json("normalised_sigmoid") == NORMALIZED_SIGMOID
    assert Decision.from_dict({"activation": "normalised_sigmoid"}).activation == NORMALIZED_SIGMOID


def test_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match="activation=tanh: unknown"):
        Activation.from_json("tanh")


@pytest.mark.parametrize("content", [3.5, None, [], {"name": "softmax", "depth": 2}, {}])
def test_content_that_is_no_activation_is_refused(content: Any) -> None:
    with pytest.raises(UserError, match="activation="):
        Activation.from_json(content)


def test_labels_are_classes_or_answers() -> None:
    p = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    assert SOFTMAX.labels(p, None, None).tolist() == [0, 2]
    assert NORMALIZED_SIGMOID.labels(p, (0.2, 0.6, 0.2), None).tolist() == [1, 2]
    assert SIGMOID.labels(p, None, (0.4, 0.1, 0.9)).tolist() == [
        [True, True, False],
        [False, True, False],
    ]
    assert most_probable(p).tolist() == [0, 2]


def test_a_new_activation_needs_one_class_and_keeps_its_fields_in_json() -> None:
    try:

        @dataclass(frozen=True)
        class Tree(Sigmoid):
            """Fractions of the answers of questions, of which each is a softmax."""

            name = "tree_of_test"
            questions: tuple[tuple[int, ...], ...] = ((0, 1), (2, 3))

            def probabilities(self, scores: np.ndarray) -> np.ndarray:
                parts = [SOFTMAX.probabilities(scores[:, list(each)]) for each in self.questions]
                return np.hstack(parts)

        decision = Decision(Tree(), temperature=2.0)
        expected = np.hstack([softmax(LOGITS[:, part] / 2, axis=1) for part in ([0, 1], [2, 3])])
        np.testing.assert_allclose(decision.probabilities(LOGITS), expected)
        written = decision.to_dict()["activation"]
        assert written == {"name": "tree_of_test", "questions": ((0, 1), (2, 3))}
        assert Decision.from_dict(decision.to_dict()) == decision
    finally:
        ACTIVATIONS.pop("tree_of_test", None)


def test_pydantic_models_hold_activations_as_json() -> None:
    class Holder(BaseModel):
        activation: Activation

    text = Holder(activation=SIGMOID).model_dump_json()
    assert text == '{"activation":"sigmoid"}'
    assert Holder.model_validate_json(text, strict=True).activation == SIGMOID
