"""Served rows equal the predictions of the bundle, in the order of the request."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from astroclf.bundle import Prediction
from astroclf.evaluation.decisions.tree_activation import QuestionSoftmax
from astroclf.serving import model as served
from astroclf.serving.model import ServedModel
from fixtures.bundles import CLASSES, TREE, make_bundle, make_images
from fixtures.trees import assert_obeys


def test_rows_equal_the_prediction_of_the_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "IMAGES_AT_ONCE", 3)
    bundle = make_bundle()
    images = make_images(bundle, 7)
    given = pd.DataFrame({"id": list("abcdefg"), "array": list(images)})
    answer = ServedModel(bundle).predict(given)
    expected = bundle.prediction(images)
    assert list(answer["id"]) == list("abcdefg")
    assert list(answer["label"]) == [CLASSES[k] for k in expected.labels]
    shares = answer[[f"p_{name}" for name in CLASSES]].to_numpy(dtype=np.float64)
    np.testing.assert_allclose(shares, expected.probabilities, atol=1e-6)
    np.testing.assert_allclose(answer["confidence"].astype(float), expected.confidence, atol=1e-6)
    assert list(answer["prediction_set"]) == list(answer["unlike_training"]) == [None] * 7
    assert list(answer["reason"]) == [""] * 7


def test_a_row_that_cannot_be_used_has_a_reason_and_leaves_the_others() -> None:
    bundle = make_bundle()
    images = make_images(bundle, 3)
    refused = np.full_like(images[0], 99)
    predict = bundle.predictor.logits_and_features

    def refuse_99(given: np.ndarray, columns: None = None) -> Any:
        logits, features = predict(given)
        logits = logits.clone()
        logits[(given == 99).all(axis=(1, 2, 3))] = np.nan
        return logits, features

    predictor: Any = SimpleNamespace(logits_and_features=refuse_99, logits=bundle.predictor.logits)
    bundle = replace(bundle, predictor=predictor)
    arrays = [images[0], images[1][:, :5], refused, images[2]]
    answer = ServedModel(bundle).predict(pd.DataFrame({"array": arrays}))
    assert list(answer["id"]) == ["0", "1", "2", "3"]
    assert [bool(reason) for reason in answer["reason"]] == [False, True, True, False]
    assert answer["label"].isna().tolist() == [False, True, True, False]
    shares = answer[[f"p_{name}" for name in CLASSES]].to_numpy()
    expected = make_bundle().predict(images[[0, 2]])
    np.testing.assert_allclose(shares[[0, 3]].astype(float), expected, atol=1e-6)
    assert all(each is None for each in shares[1:3].ravel())


def test_sets_and_p_values_are_in_the_row() -> None:
    class Fixed:
        classes, decision = CLASSES, None

        def prediction(self, images: np.ndarray) -> Prediction:
            sets = np.array([[True, False, True], [False] * 3])
            shares = np.array([[0.5, 0.1, 0.4], [0.2, 0.7, 0.1]])
            return Prediction(shares, np.array([0, 1]), sets, np.array([0.25, 0.5]))

    model: Any = ServedModel(Fixed())  # type: ignore[arg-type]
    first, second = model._predict([np.zeros(1), np.zeros(1)])
    assert (first["prediction_set"], first["unlike_training"]) == (["elliptical", "star"], 0.25)
    assert (second["prediction_set"], second["label"]) == ([], "spiral")


def test_vote_fractions_have_the_leading_answer_as_label() -> None:
    bundle = make_bundle(decision={"activation": "sigmoid"})
    images = make_images(bundle, 4)
    answer = ServedModel(bundle).predict(pd.DataFrame({"array": list(images)}))
    leading = bundle.predict(images).argmax(axis=1)
    assert list(answer["label"]) == [CLASSES[k] for k in leading]


def test_a_request_with_too_many_images_is_refused() -> None:
    from mlflow.exceptions import MlflowException

    model = ServedModel(replace(make_bundle()), most_images=2)
    with pytest.raises(MlflowException, match="3 images, more than the 2") as refused:
        model.predict(pd.DataFrame({"array": [None] * 3}))
    assert refused.value.get_http_status_code() == 400


def test_no_rows_give_no_rows() -> None:
    answer = ServedModel(make_bundle()).predict(pd.DataFrame({"array": []}))
    assert (len(answer), "p_spiral" in answer) == (0, True)


def test_served_fractions_obey_the_tree_of_the_bundle() -> None:
    bundle = make_bundle(decision={"activation": QuestionSoftmax(TREE).to_json()})
    answer = ServedModel(bundle).predict(pd.DataFrame({"array": list(make_images(bundle, 4))}))
    shares = answer[[f"p_{name}" for name in CLASSES]].to_numpy(dtype=np.float64)
    assert_obeys(shares, TREE, atol=1e-6)
    assert list(answer["label"]) == [CLASSES[k] for k in shares.argmax(axis=1)]
