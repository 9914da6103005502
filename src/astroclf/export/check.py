"""Check of an exported model: its outputs are those of the bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astroclf.bundle import Bundle, Prediction
from astroclf.errors import UserError, counted
from astroclf.evaluation.decisions.decision import Decision
from astroclf.export.formats import Outputs, Predict

TOLERANCE = 1e-4  # of a probability


@dataclass(frozen=True)
class Check:
    """Agreement of an exported model with its bundle.

    images: number of images. largest_difference: of a probability. ties: labels that differ where two
    classes, or a vote fraction and its threshold, are equal within the tolerance.
    """

    images: int
    largest_difference: float
    ties: int


def check_outputs(
    bundle: Bundle, predict: Predict, inputs: Sequence[np.ndarray], name: str
) -> Check:
    """Compare the outputs for one image and for the others together.

    inputs: the images, and their catalog columns if the model takes some. name: the setting of the format,
    for the message. Raises UserError if a probability differs by more than 1e-4, or a label that is not a
    tie.
    """
    expected = bundle.prediction(*inputs)
    slices = [part for part in (slice(1), slice(1, None)) if len(inputs[0][part])]
    parts = [predict(*(each[part] for each in inputs)) for part in slices]
    outputs = tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return compare_outputs(expected, (outputs[0], outputs[1]), bundle.decision, name)


def compare_outputs(expected: Prediction, outputs: Outputs, decision: Decision, name: str) -> Check:
    """Return the agreement of exported outputs with a prediction. Raises UserError, see `check_outputs`."""
    probabilities, labels = outputs
    if probabilities.shape != expected.probabilities.shape or labels.shape != expected.labels.shape:
        raise _refusal(name, f"its outputs have the shapes {probabilities.shape}, {labels.shape}")
    differences = np.abs(probabilities - expected.probabilities)
    worst = float(np.max(differences, initial=0.0))
    if not worst <= TOLERANCE:  # NaN too
        image = int(np.argmax(differences.max(axis=1)))
        raise _refusal(name, f"a probability of image {image} differs by {worst:.2g}")
    differs = labels != expected.labels
    real = differs & (_label_margin(expected, labels, decision) > TOLERANCE)
    if real.any():
        number = counted(int(real.sum()), "label")
        raise _refusal(name, f"{number} differ, of classes that are not equally probable")
    return Check(len(labels), worst, int(differs.sum()))


def _label_margin(expected: Prediction, labels: np.ndarray, decision: Decision) -> np.ndarray:
    """Return the distance by which the expected label leads the other one, in probability."""
    values = expected.probabilities
    if labels.ndim == 2:
        thresholds = decision.thresholds or (0.5,) * values.shape[1]
        return np.abs(values - np.array(thresholds))
    factors = np.array(decision.class_factors or (1.0,) * values.shape[1])
    weighted, rows = values * factors / factors.max(), np.arange(len(labels))
    margin: np.ndarray = weighted[rows, expected.labels] - weighted[rows, labels]
    return margin


def _refusal(name: str, reason: str) -> UserError:
    return UserError(
        f"{name}: the exported model does not equal the bundle: {reason} (at most {TOLERANCE:g} is "
        "accepted). No file was kept; choose another format."
    )
