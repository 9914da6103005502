from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hydra.core.override_parser.types import Override
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from astroclf.errors import UserError
from astroclf.sweep.space import syntax
from astroclf.sweep.space.dimension import Dimension
from astroclf.sweep.space.distributions import read_condition, read_dimension


def dimension_of(sweep: str) -> Dimension:
    return read_dimension(syntax.parse(f"a.b={sweep}"))


@pytest.mark.parametrize(
    ("sweep", "distribution"),
    [
        ("interval(1e-5, 1)", FloatDistribution(1e-5, 1.0)),
        ("interval(1, 8)", FloatDistribution(1.0, 8.0)),
        ("tag(log, interval(1e-5, 1e-2))", FloatDistribution(1e-5, 1e-2, log=True)),
        ("int(interval(1, 8))", IntDistribution(1, 8)),
        ("float(int(interval(1, 8)))", FloatDistribution(1.0, 8.0)),
        ("int(tag(log, interval(1, 64)))", IntDistribution(1, 64, log=True)),
        ("tag(log, int(interval(1, 64)))", IntDistribution(1, 64, log=True)),
        ("range(5)", IntDistribution(0, 4)),
        ("range(1, 5)", IntDistribution(1, 4)),
        ("range(1, 10, 4)", IntDistribution(1, 9, step=4)),
        ("range(5, 1, -1)", IntDistribution(2, 5)),
        ("sort(range(1, 5), reverse=true)", IntDistribution(1, 4)),
        ("tag(log, range(1, 65))", IntDistribution(1, 64, log=True)),
        ("range(0.1, 0.5, 0.1)", FloatDistribution(0.1, 0.4, step=0.1)),
        ("range(0, 1, 0.25)", FloatDistribution(0.0, 0.75, step=0.25)),
        ("float(range(1, 4))", FloatDistribution(1.0, 3.0, step=1.0)),
        ("shuffle(range(1, 4))", CategoricalDistribution([1, 2, 3])),
        ("shuffle(range(0, 0.3, 0.1))", CategoricalDistribution([0.0, 0.1, 0.2])),
        ("ce,focal", CategoricalDistribution(["ce", "focal"])),
        ("choice(ce, focal)", CategoricalDistribution(["ce", "focal"])),
        ("shuffle(ce, focal)", CategoricalDistribution(["ce", "focal"])),
        ("sort(3, 1, 2)", CategoricalDistribution([1, 2, 3])),
        ("int(1.0, 2.0)", CategoricalDistribution([1, 2])),
        (
            "choice(null, true, 2, 0.5, 'null', '2', a b)",
            CategoricalDistribution([None, True, 2, 0.5, "null", "2", "a b"]),
        ),
        ("[64,'a b'],[64,32]", CategoricalDistribution(["[64,'a b']", "[64,32]"])),
        ("choice({x:1}, null)", CategoricalDistribution(["{x:1}", None])),
        ("choice(ce)", CategoricalDistribution(["ce"])),
        ("3", CategoricalDistribution([3])),
    ],
)
def test_a_sweep_has_the_distribution_it_describes(
    sweep: str, distribution: BaseDistribution
) -> None:
    dimension = dimension_of(sweep)
    assert dimension.distribution == distribution
    # It says itself what it is, in a way that means the same.
    assert dimension_of(dimension.sweep).distribution == distribution


@pytest.mark.parametrize(
    ("sweep", "sentence"),
    [
        (
            "interval(1, 0)",
            "holds nothing: write the smaller bound first, as in interval\\(0.0, 1.0\\)",
        ),
        ("interval(2, 2)", "holds nothing"),
        ("interval(0, inf)", "not finite"),
        ("tag(log, interval(0, 1))", "reaches 0, which has no logarithm"),
        ("tag(log, int(interval(0.5, 8)))", "reaches 0"),
        ("tag(log, range(0, 5))", "whole numbers from 1 in steps of 1"),
        ("tag(log, range(1, 5, 2))", "whole numbers from 1 in steps of 1"),
        ("tag(lgo, interval(1, 5))", "the tag lgo, which means nothing here: the only one is log"),
        ("tag(log, choice(1, 5))", "values without an order"),
        ("tag(log, shuffle(range(1, 5)))", "values without an order"),
        ("range(5, 1)", "range\\(5, 1, 1\\) holds nothing"),
        ("range(1, 1)", "holds nothing"),
        ("range(1, 5, 0)", "holds nothing"),
        ("glob(*)", "cannot be searched over glob"),
        ("choice(a, b, a)", "has a twice"),
        ("choice(1, true)", "has true twice, or as equal values"),
        ("choice(interval(0, 1), 2)", "one sweep inside another"),
        ("interval(0, 1),2", "one sweep inside another"),
    ],
)
def test_a_sweep_without_a_usable_value_is_refused(sweep: str, sentence: str) -> None:
    with pytest.raises(UserError, match=f"^a.b.*{sentence}") as refused:
        dimension_of(sweep)
    assert "\n" not in str(refused.value)


def hydras_values(sweep: str) -> list[Any]:
    override: Override = syntax.parse(f"a={sweep}")
    return list(override.sweep_iterator())


@given(st.integers(-20, 20), st.integers(1, 20), st.integers(1, 6), st.booleans())
def test_a_range_of_whole_numbers_has_hydras_values(
    start: int, length: int, step: int, falls: bool
) -> None:
    stop, step = (start - length, -step) if falls else (start + length, step)
    sweep = f"range({start}, {stop}, {step})"
    assert list(dimension_of(sweep).values) == sorted(hydras_values(sweep))


@given(st.integers(-100, 100), st.integers(1, 200), st.integers(1, 30))
def test_a_range_in_steps_below_one_is_that_of_whole_numbers_scaled(
    start: int, length: int, step: int
) -> None:
    bounds = [Decimal(number).scaleb(-2) for number in (start, start + length, step)]
    dimension = dimension_of(f"float(range({', '.join(map(str, bounds))}))")
    whole = range(start, start + length, step)
    assert dimension.values == [float(Decimal(number).scaleb(-2)) for number in whole]
    assert dimension.size == len(whole)


@pytest.mark.parametrize("text", ["loss", "loss=interval(0, 1)", "loss=glob(*)"])
def test_an_invalid_condition_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"^where: loss.* is no condition: write key=value"):
        read_condition(text)
