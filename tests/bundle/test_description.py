"""Description: every value of bundle.json is checked, and parts must agree."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.bundle import Description
from astroclf.bundle.description import parse_description
from astroclf.errors import UserError
from astroclf.evaluation.decisions.tree_activation import QuestionSoftmax
from astroclf.integrity import describe_damage
from fixtures.bundles import TREE

Content = dict[str, Any]


@pytest.fixture
def content(tmp_path: Path, write_tiny: Callable[..., Path]) -> Content:
    """The content of a bundle.json."""
    file = write_tiny(tmp_path / "bundle") / "bundle.json"
    read: Content = json.loads(file.read_text())
    return read


def alter(content: Content, place: str, value: Any) -> None:
    """Set a value; value ... removes it."""
    *parents, key = place.split(".")
    for parent in parents:
        content = content[parent]
    if value is ...:
        del content[key]
    else:
        content[key] = value


def test_a_description_is_parsed_from_its_own_json(content: Content) -> None:
    description = parse_description(content)
    assert isinstance(description, Description)
    assert parse_description(json.loads(description.model_dump_json())) == description


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("classes", ..., "classes: field required"),
        ("classes", "star", "classes: input should be a valid"),
        ("tta_views", 3, "tta_views: input should be 1 or 8"),
        ("tta_views", None, "tta_views: input should be 1 or 8"),
        ("image_px", -8, "image_px: input should be greater than or equal to 1"),
        ("framing", "none", "framing: "),
        ("framing.bands", ["gray"], "framing yields such images"),
        ("framing.image_px", 9, "framing yields such images"),
        ("framing.max_megapixels", 0, "framing.max_megapixels: input should be greater than 0"),
        ("depth", "12-bit", "depth: input should be '8-bit', '16-bit' or 'float'"),
        ("depth", "16-bit", "framing yields such images"),
        ("pixels.bands", 3, "pixels.bands: input should be a valid"),
        ("pixels.stretch", "cubic", "pixels.stretch: input should be 'linear'"),
        ("preprocess.stretch", "linear", "stretch is the same"),
        ("preprocess.std", [0.2, 0.2], "for the bands of pixels"),
        ("preprocess.std", [0.2, 0.2, 0.0], "unit and std are above 0"),
        ("preprocess.mean", [0.4, 0.4, float("nan")], "numbers of preprocess are finite"),
        ("preprocess.unit", ["a", 1, 1], "preprocess.unit.0: input should be a valid number"),
        ("decision.temperature", "hot", "temperature"),
        ("decision.temperature", -1, "temperature is above 0"),
        ("decision.class_factors", [1.0, 2.0, 3.0], "the decision is for these classes"),
        (
            "decision.activation",
            QuestionSoftmax(TREE).to_json(),
            "the decision is for these classes",
        ),
        ("decision.extra_step", 1, "A decision has an activation"),
        ("decision", [], "decision: "),
        ("model", None, "model: input should be"),
        ("facts", 1, "facts: input should be"),
        ("provenance", None, "provenance: input should be"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(
    content: Content, place: str, value: Any, reason: str
) -> None:
    alter(content, place, value)
    with pytest.raises((ValueError, UserError)) as refused:
        parse_description(content)
    error = refused.value
    assert reason in (describe_damage(error) if isinstance(error, ValueError) else str(error))
