"""Distributions and conditions from overrides in Hydra's sweep syntax."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    RangeSweep,
    Sweep,
    ValueType,
)
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from astroclf.errors import UserError
from astroclf.sweep.space import syntax
from astroclf.sweep.space.dimension import Condition, Dimension, Distribution

MOST_VALUES = 10_000  # of what has to be listed: a choice, a shuffled range, decimal steps
LARGEST_INT = 2**53  # whole numbers up to here are exact as floats, which samplers compute with
LISTED = (ValueType.ELEMENT, ValueType.CHOICE_SWEEP, ValueType.SIMPLE_CHOICE_SWEEP)


def read_condition(text: str) -> Condition:
    """Return the condition `key=value` or `key=value1,value2`."""
    override = syntax.parse(text) if "=" in text else None
    if override is None or override.value_type not in LISTED:
        raise UserError(f"where: {text} is no condition: write key=value, or key=value1,value2.")
    dimension = read_dimension(override)
    return Condition(dimension.key, tuple(dimension.values), text)


def read_dimension(override: Override) -> Dimension:
    """Return the dimension of an override; a plain value is a choice of one.

    Intervals include both ends, ranges exclude their stop. The values of a shuffled range, and those
    of a choice, have no order.

    Raises UserError for what has no values, or none that a search could use.
    """
    key = syntax.name_of(override)
    prefix = syntax.PREFIXES[override.type]
    value: Any = override.value()
    _require_known_tags(key, value)
    if isinstance(value, IntervalSweep):
        return Dimension(key, _interval(key, value), prefix)
    if isinstance(value, RangeSweep) and not value.shuffle:
        return Dimension(key, _range(key, value), prefix)
    if isinstance(value, RangeSweep):
        return Dimension(key, CategoricalDistribution(_range_values(key, value)), prefix)
    if override.is_choice_sweep() and not isinstance(value, ChoiceSweep):
        raise UserError(
            f"{key} cannot be searched over glob(...): name what to try, as {key}=choice(a, b)."
        )
    values = value.list if isinstance(value, ChoiceSweep) else [value]
    values = [syntax.plain(each, key) for each in values]
    return Dimension(key, _choice(key, values), prefix, _structures(values))


def _require_known_tags(key: str, value: Any) -> None:
    tags = value.tags if isinstance(value, Sweep) else set()
    if tags - {"log"}:
        raise UserError(
            f"{key} has the tag {min(tags - {'log'})}, which means nothing here: the only one is log, "
            "as in tag(log, interval(1e-4, 1e-2))."
        )
    if tags and (isinstance(value, ChoiceSweep) or getattr(value, "shuffle", False)):
        raise UserError(f"{key} has the tag log on values without an order: leave it out.")


def _interval(key: str, sweep: IntervalSweep) -> Distribution:
    low, high = sweep.start, sweep.end
    assert low is not None
    assert high is not None
    log = "log" in sweep.tags
    is_int = isinstance(low, int) and isinstance(high, int)
    _require_in_bounds(key, low, high)
    if low >= high:
        raise UserError(
            f"{key}=interval({low}, {high}) holds nothing: write the smaller bound first, "
            f"as in interval({min(low, high)}, {max(low, high) + (low == high)})."
        )
    if log and low <= 0:
        raise UserError(
            f"{key}=tag(log, interval({low}, {high})) reaches 0, which has no logarithm: "
            "write a lower bound above 0."
        )
    if is_int:
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(low, high, log=log)


def _range(key: str, sweep: RangeSweep) -> Distribution:
    values = _range_values(key, sweep)
    low, high, log = min(values[0], values[-1]), max(values[0], values[-1]), "log" in sweep.tags
    is_int = isinstance(low, int)
    step = abs(sweep.step)
    if log and (not is_int or step != 1 or low < 1):
        raise UserError(
            f"{key}=tag(log, range(...)) needs whole numbers from 1 in steps of 1: "
            f"write {key}=tag(log, interval(1e-4, 1e-2)) for others."
        )
    if is_int:
        return IntDistribution(int(low), int(high), log=log, step=int(step))
    return FloatDistribution(low, high, step=float(step))


def _range_values(key: str, sweep: RangeSweep) -> range | list[float]:
    """Return the values of a range, in decimal arithmetic if they are not integers."""
    start, stop, step = sweep.start, sweep.stop, sweep.step
    assert start is not None
    assert stop is not None
    _require_in_bounds(key, start, stop, step)
    if step == 0 or (stop - start) * step <= 0:
        raise UserError(
            f"{key}=range({start}, {stop}, {step}) holds nothing: write range(start, stop, step), "
            "where steps lead from the start to the stop, as in range(1, 5)."
        )
    first, last, stride = (Decimal(str(number)) for number in (start, stop, step))
    n_values = math.ceil((last - first) / stride)
    is_int = isinstance(start, int) and isinstance(stop, int) and isinstance(step, int)
    if n_values > MOST_VALUES and (sweep.shuffle or not is_int):
        interval = f"int(interval({start}, {stop}))" if is_int else f"interval({start}, {stop})"
        raise UserError(
            f"{key}=range({start}, {stop}, {step}) has more than {MOST_VALUES:,} values: "
            f"write larger steps, or {key}={interval}."
        )
    if is_int:
        return range(int(start), int(stop), int(step))
    return [float(first + index * stride) for index in range(n_values)]


def _require_in_bounds(key: str, *numbers: float) -> None:
    if not all(map(math.isfinite, numbers)):
        raise UserError(f"{key} has a bound that is not finite: write a number instead.")
    if any(isinstance(number, int) and abs(number) > LARGEST_INT for number in numbers):
        raise UserError(
            f"{key} has a whole number beyond {LARGEST_INT}, which cannot be searched exactly: "
            "write bounds nearer to 0."
        )
    if not math.isfinite(float(max(numbers)) - float(min(numbers))):
        raise UserError(
            f"{key} has bounds whose difference is not finite: write bounds nearer to 0."
        )


def _choice(key: str, values: list[Any]) -> CategoricalDistribution:
    choices = [syntax.encoded(value) for value in values]
    for index, choice in enumerate(choices):
        # Optuna finds a choice by comparing, and 1 == 1.0 == True.
        if choice in choices[:index]:
            raise UserError(
                f"{key} has {syntax.written(values[index])} twice, or as equal values "
                "(1, 1.0 and true are equal): name each value once."
            )
    return CategoricalDistribution(choices)


def _structures(values: list[Any]) -> frozenset[str]:
    return frozenset(syntax.written(value) for value in values if isinstance(value, list | dict))
