"""Differences of images from the training images of a model."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from astroclf.evaluation.distribution import Distribution
from astroclf.evaluation.shift import (
    ALL,
    ImageSummary,
    UnlikeTraining,
    compare_shares,
    find_shift,
)


def summary(
    counts: dict[str, int], radius: float = 2.0, n: int = 500, seed: int = 0
) -> ImageSummary:
    rng = np.random.default_rng(seed)
    groups = {name: Distribution.of(rng.normal(radius, 0.3, n)) for name in (ALL, *counts)}
    return ImageSummary(
        n=sum(counts.values()),
        class_counts=counts,
        mean_votes={},
        quantities={"half_light_radius_px": groups, "noise": {ALL: Distribution.of(rng.random(n))}},
    )


def test_class_shares_have_the_p_value_of_pearsons_test() -> None:
    train, here = summary({"galaxy": 300, "star": 100}), summary({"galaxy": 50, "star": 60})
    found = compare_shares(train, here)
    assert found.shares == {
        "galaxy": (0.75, pytest.approx(50 / 110)),
        "star": (0.25, pytest.approx(60 / 110)),
    }
    reference = chi2_contingency([[300, 50], [100, 60]], correction=False)
    assert found.p_value == pytest.approx(reference.pvalue)
    assert found.change == pytest.approx(0.75 - 50 / 110)
    assert found.is_large


def test_classes_that_are_absent_on_both_sides_are_left_out_of_the_test() -> None:
    train, here = summary({"a": 10, "b": 0}), summary({"a": 5, "b": 0})
    assert np.isnan(compare_shares(train, here).p_value)


def test_large_differences_are_those_within_classes() -> None:
    train = summary({"galaxy": 300, "star": 300})
    here = summary({"galaxy": 300, "star": 300}, radius=3.0, seed=1)
    shift = find_shift("new images", train, here, None)
    assert shift is not None
    assert {each.of for each in shift.large} == {"galaxy", "star"}
    (sentence,) = shift.sentences()
    assert "median half-light radius (px) of" in sentence
    same = find_shift("new images", train, summary({"galaxy": 300, "star": 300}, seed=2), None)
    assert same is not None
    assert not same.sentences()


def test_p_values_below_the_level_are_counted() -> None:
    uniform = UnlikeTraining.of((np.arange(1000) + 0.5) / 1000)
    assert uniform.share == pytest.approx(0.05)
    assert uniform.mean == pytest.approx(0.5)
    assert not uniform.is_large
    assert UnlikeTraining.of(np.full(100, 0.01)).is_large


def test_models_without_a_record_have_no_shift() -> None:
    here = summary({"galaxy": 3, "star": 3})
    assert find_shift("new images", None, here, None) is None
    shift = find_shift("new images", None, here, np.full(6, 0.5))
    assert shift is not None
    assert shift.to_dict()["unlike_training"]["share"] == 0
    assert shift.classes is None


def test_other_pixel_scales_are_warned_of() -> None:
    train = summary({"galaxy": 10, "star": 10}).model_copy(update={"pixel_scale_arcsec": 0.4})
    for scale, n_sentences in ((0.2, 1), (0.41, 0), (None, 0)):
        here = train.model_copy(update={"pixel_scale_arcsec": scale})
        shift = find_shift("new images", train, here, None)
        assert shift is not None
        sentences = [each for each in shift.sentences() if "0.4 arcsec" in each]
        assert len(sentences) == n_sentences


def test_shift_is_plain_json_without_nan() -> None:
    import json

    shift = find_shift("new images", summary({"a": 10}), summary({"a": 5}), None)
    assert shift is not None
    assert json.loads(json.dumps(shift.to_dict(), allow_nan=False))["classes"]["p_value"] is None
