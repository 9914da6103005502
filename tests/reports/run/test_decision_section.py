"""Sentences of the section on the decision."""

from __future__ import annotations

import pytest

from astroclf.evaluation.decisions.activation import SIGMOID, SOFTMAX
from astroclf.evaluation.decisions.decision import Decision
from astroclf.evaluation.decisions.fitting import FittedDecision
from astroclf.reports.run.decision_section import (
    calibration_sentences,
    label_numbers,
    label_sentences,
    threshold_of_two,
)


@pytest.mark.parametrize(
    ("temperature", "sentence"),
    [
        (1.42, "The network was overconfident on val; probabilities were softened"),
        (0.8, "The network was underconfident on val; probabilities were sharpened"),
        (1.0, "Temperature 1: the probabilities are not changed."),
    ],
)
def test_temperature_is_explained(temperature: float, sentence: str) -> None:
    (found,) = calibration_sentences(Decision(SOFTMAX, temperature=temperature))
    assert found.startswith(sentence)


def test_corrections_of_the_loss_are_mentioned() -> None:
    sentences = calibration_sentences(Decision(SOFTMAX, focal_gamma=2.0, class_weights=(1.0, 2.0)))
    assert "gamma 2" in sentences[0]
    assert "Class weights in the loss" in sentences[1]


def test_labels_without_tuning_are_described() -> None:
    for activation, word in ((SOFTMAX, "highest probability"), (SIGMOID, "exceeds 0.5")):
        decision = Decision(activation)
        assert word in label_sentences(FittedDecision(decision, decision))[0]


def test_two_class_factors_are_one_threshold() -> None:
    plain = Decision(SOFTMAX)
    fitted = FittedDecision(plain, Decision(SOFTMAX, class_factors=(0.3, 0.7)))
    assert label_numbers(fitted, ("star", "galaxy")) == {"star": 0.3, "galaxy": 0.7}
    (sentence,) = threshold_of_two(fitted, ("star", "galaxy"))
    assert sentence == "An image is labeled galaxy if its probability exceeds 0.3."
    assert threshold_of_two(FittedDecision(plain, plain), ("star", "galaxy")) == []
