"""The torch module of a decision equals the decision, in every combination of its steps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch

from astroclf.bundle import Prediction
from astroclf.bundle.decision_module import DecisionModule, logits_of
from astroclf.errors import UserError
from astroclf.evaluation.decisions.activation import ACTIVATIONS, Softmax
from astroclf.evaluation.decisions.decision import Decision
from astroclf.evaluation.decisions.tree_activation import QuestionConcentrations, QuestionSoftmax
from astroclf.export.check import compare_outputs
from fixtures.trees import GALAXIES, assert_obeys, draw_fractions

LOGITS = np.concatenate(
    [
        np.random.default_rng(0).normal(0, scale, (200, 3)).astype(np.float32)
        for scale in (0.1, 2.0, 10.0)
    ]
)
STEPS: list[dict[str, Any]] = [
    {},
    {"temperature": 1.7},
    {"temperature": 0.5, "logit_shift": [0.1, -0.3, 1.0]},
]


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("gamma", [0.0, 2.0, 5.0])
@pytest.mark.parametrize("activation", ["softmax", "sigmoid", "normalized_sigmoid"])
def test_probabilities_and_labels_are_those_of_the_decision(
    activation: str, gamma: float, steps: dict[str, Any]
) -> None:
    own: list[dict[str, Any]] = [{}, {"thresholds": [0.2, 0.5, 0.7]}]
    if activation != "sigmoid":
        own = [
            {"class_factors": factors, "class_weights": weights}
            for factors, weights in product((None, [0.2, 0.3, 0.5]), (None, [1.0, 4.0, 0.5]))
        ]
    for more in own:
        content = {"activation": activation, "focal_gamma": gamma, **steps, **more}
        decision = Decision.from_dict(content)
        with torch.no_grad():
            probabilities, labels = DecisionModule(decision, 3)(torch.from_numpy(LOGITS))
        expected = decision.predict(LOGITS)
        np.testing.assert_allclose(probabilities, expected.probabilities, atol=2e-5)
        assert probabilities.dtype == torch.float32
        assert labels.numpy().dtype == expected.labels.dtype
        prediction = Prediction(expected.probabilities, expected.labels)
        outputs = (probabilities.numpy(), labels.numpy())
        compare_outputs(prediction, outputs, decision, "label")  # but for ties


def test_labels_without_ties_are_equal() -> None:
    decision = Decision.from_dict({"activation": "softmax", "class_factors": [0.1, 0.2, 0.7]})
    expected = decision.predict(LOGITS)
    weighted = np.sort(expected.probabilities * np.array(decision.class_factors), axis=1)
    clear = weighted[:, -1] - weighted[:, -2] > 1e-4
    _, labels = DecisionModule(decision, 3)(torch.from_numpy(LOGITS))
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(labels.numpy()[clear], expected.labels[clear])


@pytest.mark.parametrize(
    "activation", [QuestionSoftmax(GALAXIES), QuestionConcentrations(GALAXIES, 100.0)]
)
@pytest.mark.parametrize("temperature", [1.0, 0.6, 2.5])
def test_fractions_of_a_tree_are_those_of_the_decision(
    activation: QuestionSoftmax, temperature: float
) -> None:
    thresholds = tuple(np.linspace(0.1, 0.9, len(GALAXIES.answers)).tolist())
    decision = Decision(activation, temperature=temperature, thresholds=thresholds)
    logits = np.random.default_rng(1).normal(0, 4, (500, len(thresholds))).astype(np.float32)
    with torch.no_grad():
        fractions, answers = DecisionModule(decision, len(thresholds))(torch.from_numpy(logits))
    expected = decision.predict(logits)
    np.testing.assert_allclose(fractions, expected.probabilities, atol=1e-6)
    assert_obeys(fractions.numpy(), GALAXIES, atol=1e-6)
    clear = np.abs(expected.probabilities - np.array(thresholds)) > 1e-5
    np.testing.assert_array_equal(answers.numpy()[clear], expected.labels[clear])


def test_logits_of_fractions_of_a_tree_give_them_again() -> None:
    activation = QuestionSoftmax(GALAXIES)
    fractions = torch.from_numpy(draw_fractions(GALAXIES, 200))
    decision = DecisionModule(Decision(activation), fractions.shape[1])
    again = decision.probabilities(logits_of(fractions, activation))
    torch.testing.assert_close(again, fractions, atol=1e-6, rtol=0)


def test_an_activation_of_another_program_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("astroclf.evaluation.decisions.activation.ACTIVATIONS", dict(ACTIVATIONS))

    @dataclass(frozen=True)
    class Tree(Softmax):
        name = "tree"

    with pytest.raises(UserError, match="activation=tree: a model with this activation"):
        DecisionModule(Decision(Tree()), 3)
