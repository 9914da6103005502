"""Exported outputs that differ from the bundle's are refused, but for ties."""

from __future__ import annotations

import numpy as np
import pytest

from astroclf.bundle import Prediction
from astroclf.errors import UserError
from astroclf.evaluation.decisions.decision import Decision
from astroclf.export.check import check_outputs, compare_outputs
from fixtures.bundles import make_bundle, make_images

PLAIN = Decision.from_dict({"activation": "softmax"})
FACTORS = Decision.from_dict({"activation": "softmax", "class_factors": [0.8, 0.2]})
VOTES = Decision.from_dict({"activation": "sigmoid", "thresholds": [0.3, 0.5]})
PROBABILITIES = np.array([[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]])


def predicted(decision: Decision) -> Prediction:
    return Prediction(PROBABILITIES, decision.labels(PROBABILITIES))


def test_equal_outputs_agree() -> None:
    check = compare_outputs(predicted(PLAIN), (PROBABILITIES, np.array([0, 0, 1])), PLAIN, "x")
    assert (check.images, check.largest_difference, check.ties) == (3, 0.0, 0)


def test_the_label_of_a_tie_may_differ() -> None:
    outputs = (PROBABILITIES + 5e-5, np.array([1, 0, 1]))
    check = compare_outputs(predicted(PLAIN), outputs, PLAIN, "x")
    assert check.ties == 1
    assert check.largest_difference == pytest.approx(5e-5)


@pytest.mark.parametrize(
    ("decision", "expected", "tie"),
    [
        (FACTORS, [0, 0, 1], [0, 0, 0]),
        (VOTES, [[1, 0], [1, 0], [0, 1]], [[1, 1], [1, 0], [0, 1]]),
    ],
)
def test_a_tie_is_by_class_factors_or_thresholds(
    decision: Decision, expected: list[int], tie: list[int]
) -> None:
    prediction = predicted(decision)
    kind = prediction.labels.dtype
    if decision is FACTORS:  # 0.2 * 0.8 equals 0.8 * 0.2
        prediction = Prediction(PROBABILITIES, np.array(expected))
    np.testing.assert_array_equal(prediction.labels, np.array(expected).astype(kind))
    outputs = (PROBABILITIES, np.array(tie).astype(kind))
    assert compare_outputs(prediction, outputs, decision, "x").ties == 1


@pytest.mark.parametrize("decision", [PLAIN, FACTORS, VOTES])
def test_a_label_that_is_no_tie_is_refused(decision: Decision) -> None:
    prediction = predicted(decision)
    labels = prediction.labels.copy()
    labels[1] = 1 - labels[1]
    with pytest.raises(UserError, match=r"labels? differ, of classes"):
        compare_outputs(prediction, (PROBABILITIES, labels), decision, "x")


@pytest.mark.parametrize("by", [2e-4, np.nan])
def test_other_probabilities_are_refused_with_their_image(by: float) -> None:
    changed = PROBABILITIES.copy()
    changed[2, 1] += by
    outputs = (changed, predicted(PLAIN).labels)
    message = "^export.format=onnx: .* a probability of image 2 differs by (0.0002|nan) "
    with pytest.raises(UserError, match=message):
        compare_outputs(predicted(PLAIN), outputs, PLAIN, "export.format=onnx")


def test_one_image_and_several_are_predicted() -> None:
    bundle, sizes = make_bundle(), []

    def predict(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sizes.append(len(images))
        prediction = bundle.prediction(images)
        return prediction.probabilities, prediction.labels

    assert check_outputs(bundle, predict, [make_images(bundle, 6)], "x").images == 6
    assert sizes == [1, 5]
