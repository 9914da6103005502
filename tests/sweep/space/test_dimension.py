from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FixedTrial

from astroclf.sweep.space import syntax
from astroclf.sweep.space.dimension import Condition, Dimension, Distribution
from astroclf.sweep.space.distributions import read_condition, read_dimension


def dimension_of(sweep: str) -> Dimension:
    return read_dimension(syntax.parse(f"a.b={sweep}"))


@pytest.mark.parametrize(
    ("distribution", "size", "sweep"),
    [
        (FloatDistribution(0, 1), None, "interval(0.0, 1.0)"),
        (FloatDistribution(0.1, 1, log=True), None, "tag(log, interval(0.1, 1.0))"),
        (FloatDistribution(0, 0.5, step=0.25), 3, "range(0.0, 0.75, 0.25)"),
        (IntDistribution(1, 4), 4, "range(1, 5)"),
        (IntDistribution(1, 8, log=True), 8, "tag(log, int(interval(1, 8)))"),
        (CategoricalDistribution(["x", None]), 2, "choice(x, null)"),
    ],
)
def test_a_dimension_has_the_size_and_text_of_its_distribution(
    distribution: Distribution, size: int | None, sweep: str
) -> None:
    dimension = Dimension("a.b", distribution)
    assert (dimension.size, dimension.sweep) == (size, sweep)
    assert dimension.describe() == sweep
    if size is not None:
        assert len(dimension.values) == size
        value = dimension.values[-1]
        assert dimension.suggest(FixedTrial({"a.b": value})) == value


def test_a_dimension_applies_where_one_of_its_conditions_holds() -> None:
    conditions = Condition("loss", ("focal",), "loss=focal"), Condition("n", (3,), "n=3")
    dimension = Dimension("a.b", FloatDistribution(0, 1), conditions=conditions)
    assert dimension.describe() == "interval(0.0, 1.0) where loss=focal or n=3"
    assert [
        dimension.applies(chosen) for chosen in ({"loss": "focal"}, {"loss": "ce", "n": 3})
    ] == [True] * 2
    assert not dimension.applies({"loss": "ce"})
    assert not dimension.applies({})


def test_a_step_is_passed_to_a_job_without_rounding_error() -> None:
    dimension = dimension_of("range(0.1, 1, 0.1)")
    assert np.float64(0.1) + 2 * np.float64(0.1) != 0.3
    assert dimension.override(0.1 + 2 * 0.1) == "a.b=0.3"


def test_lists_are_passed_to_a_job_as_lists_and_texts_of_lists_as_texts() -> None:
    dimension = dimension_of("choice([1,2], '[3,4]')")
    assert dimension.override("[1,2]") == "a.b=[1,2]"
    assert dimension.override("[3,4]") == "a.b='[3,4]'"


def test_a_condition_names_the_values_that_fulfil_it() -> None:
    condition = read_condition("finetune=lora,full")
    assert condition.key == "finetune"
    assert condition.allows("lora")
    assert condition.allows("full")
    assert not condition.allows("classifier")


@pytest.mark.parametrize("value", [True, 3, 0.001, "True"])
def test_a_condition_allows_a_value_and_its_text(value: Any) -> None:
    condition = read_condition(f"a={syntax.written(value)}")
    assert condition.allows(value)
    assert condition.allows(str(value))
