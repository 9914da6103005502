from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.paired.comparison import Comparison, Pair
from astroclf.evaluation.paired.contender import Contender
from astroclf.evaluation.paired.differences import Difference
from astroclf.reports.compare.words import caveats, family, letter, p_text, verdict


def comparison_of(
    difference: Difference, *, networks: int = 1, grouped: bool = False
) -> Comparison:
    predicted = Predicted.most_probable(np.array([[0.2, 0.8], [0.6, 0.4]]))
    groups = np.array([0, 0]) if grouped else None
    contenders = [Contender(name, [predicted] * networks) for name in ("full", "lora")]
    pair = Pair(0, 1, [difference], {}, {}, None, [])
    labels = make_labels(np.array([0, 1]), ["galaxy", "star"], groups)
    return Comparison(contenders, labels, np.array(["1", "2"]), [pair], 1, 1000)


BETTER = Difference(
    "accuracy", 0.9, 0.912, (0.003, 0.021), p_value=0.01, p_holm=0.01, test="exact McNemar"
)


def verdict_of(difference: Difference) -> str:
    comparison = comparison_of(difference)
    return verdict(comparison, comparison.pairs[0])


def test_a_significant_difference_names_the_better_run() -> None:
    assert verdict_of(BETTER) == (
        "B (lora) is better than A (full) by 0.012 [0.003, 0.021] in accuracy (Holm-adjusted p 0.010)."
    )
    worse = replace(BETTER, a=0.912, b=0.9, ci95=(-0.021, -0.003), p_holm=0.0001)
    assert verdict_of(worse) == (
        "A (full) is better than B (lora) by 0.012 [0.003, 0.021] in accuracy (Holm-adjusted p < 0.001)."
    )


def test_without_significance_the_excluded_differences_are_stated() -> None:
    assert verdict_of(replace(BETTER, b=0.904, ci95=(-0.008, 0.0164), p_holm=0.4)) == (
        "No difference in accuracy can be shown between A (full) and B (lora): B − A is +0.004 [-0.008, +0.016] "
        "(Holm-adjusted p 0.400); differences above 0.016 are excluded with 95 % confidence."
    )


def test_without_an_interval_the_reason_is_stated() -> None:
    few = Difference("accuracy", 0.9, 0.8, note="no interval: 8 images, fewer than 10")
    assert verdict_of(few) == (
        "B (lora) minus A (full) is -0.100 in accuracy, without an interval (8 images, fewer than 10)."
    )


@pytest.mark.parametrize(("position", "name"), [(0, "A"), (25, "Z"), (26, "A1")])
def test_letters_go_on_after_z(position: int, name: str) -> None:
    assert letter(position) == name


def test_small_p_values_are_bounded() -> None:
    assert (p_text(0.0004), p_text(0.0312)) == ("p < 0.001", "p 0.031")


def test_family_and_caveats_are_stated() -> None:
    assert family(comparison_of(BETTER)) == "1 test: 1 pair of runs by accuracy"
    (single,) = caveats(comparison_of(BETTER, grouped=True))
    assert "for other groups of images of this kind, not for other seeds" in single
    (seeds,) = caveats(comparison_of(BETTER, networks=3))
    assert seeds == "Intervals hold for other images of this kind and other seeds of A and B."
