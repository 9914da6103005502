from __future__ import annotations

import json

from astroclf.export.description import describe_export
from fixtures.bundles import make_bundle


def test_the_description_states_classes_input_and_outputs() -> None:
    content = json.loads(json.dumps(describe_export(make_bundle(eight_bits=True))))
    assert content["classes"] == ["elliptical", "spiral", "star"]
    assert content["input"]["shape"] == ["N", 3, 32, 32]
    assert (content["input"]["dtype"], content["input"]["bands"][0]) == ("uint8", "red")
    assert content["outputs"]["label"]["dtype"] == "int64"
    assert content["decision"]["temperature"] == 1.5
    assert {"astroclf", "torch"} <= content["versions"].keys()


def test_vote_fractions_have_one_answer_a_class() -> None:
    content = describe_export(make_bundle(decision={"activation": "sigmoid"}))
    assert (content["targets"], content["input"]["dtype"]) == ("votes", "float32")
    assert content["outputs"]["label"] == {
        "dtype": "bool",
        "shape": ["N", 3],
        "meaning": "answers that are given",
    }
