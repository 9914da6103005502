"""Reading of a search space from a search file and the command line."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from astroclf.errors import UserError
from astroclf.sweep.space import syntax
from astroclf.sweep.space.dimension import Condition, Dimension
from astroclf.sweep.space.distributions import MOST_VALUES, read_condition, read_dimension
from astroclf.sweep.space.space import Space

Dimensions = dict[str, Dimension]
Current = Callable[[str], str | None]
Pending = list[tuple[Condition, Dimensions]]


def read_space(
    params: Mapping[str, Any] | None,
    where: Mapping[str, Mapping[str, Any]] | None,
    overrides: Sequence[str],
    current: Current,
) -> Space:
    """Return the space that a search file and the user's overrides describe together.

    params: key -> a value, or a sweep in Hydra's syntax.
    where: `key=value` or `key=value1,value2` -> params that apply there alone. The key may be searched,
        fixed, or given by the configuration; in the last two cases its params replace general ones.
    overrides: of the command line. Plain ones fix their key. Sweeps replace those of the file, whose
        conditions remain as far as they depend on searched keys.
    current: the choice of a config group, or a key's value, as `str` writes it; None where the
        configuration has no such key.

    A key with one possible value is fixed. The space may be empty.

    Raises UserError, in one sentence that names the key, for a value that does not parse or an
    empty one, for a condition on an unknown key, for conditions that depend on each other, and for a key with
    two distributions.
    """
    command = read_command(overrides)
    always = command.applied_to(_read_params(params, "params"))
    pending = [
        (read_condition(str(text)), command.applied_to(_read_params(entries, f"where: {text}")))
        for text, entries in _mapping(where, "where").items()
    ]
    conditional = {key for _, dimensions in pending for key in dimensions}
    for key, dimension in command.dimensions.items():
        if key in command.fixed or key not in conditional:
            always[key] = dimension
    chosen = _choose_where_conditions_hold(pending, always, command, current)
    for key, dimension in command.dimensions.items():
        always.setdefault(key, dimension)  # without a condition of the file
    return _finish(command, always, chosen)


@dataclass(frozen=True)
class Command:
    """Overrides of the command line."""

    fixed: dict[str, str]  # key -> override, as the user wrote it
    dimensions: Dimensions  # fixed ones among them
    deleted: set[str]

    def applied_to(self, dimensions: Sequence[Dimension]) -> Dimensions:
        """Return the dimensions of a file without those fixed or deleted here; sweeps replace others."""
        out = self.fixed.keys() | self.deleted
        return {
            dimension.key: self.dimensions.get(dimension.key, dimension)
            for dimension in dimensions
            if dimension.key not in out
        }


def read_command(overrides: Sequence[str]) -> Command:
    """Return the overrides of the command line; of several for one key the last counts."""
    command = Command({}, {}, set())
    for text in overrides:
        override = syntax.parse(text)
        key = syntax.name_of(override)
        if override.is_delete():
            command.deleted.add(key)
            command.fixed[f"~{key}"] = text
            continue
        dimension = read_dimension(override)
        command.dimensions[key] = dimension
        command.fixed.pop(key, None)
        if dimension.size == 1:
            is_plain = not override.is_sweep_override()
            command.fixed[key] = text if is_plain else dimension.override(dimension.values[0])
    return command


def _mapping(value: Any, place: str) -> Mapping[str, Any]:
    if value is not None and not isinstance(value, Mapping):
        raise UserError(f"{place} of a search holds {value}: write keys and their values.")
    return value or {}


def _read_params(params: Any, place: str) -> list[Dimension]:
    return [
        read_dimension(
            syntax.parse(f"{key}={value if isinstance(value, str) else syntax.written(value)}")
        )
        for key, value in _mapping(params, place).items()
    ]


def _choose_where_conditions_hold(
    pending: Pending, always: Dimensions, command: Command, current: Current
) -> Dimensions:
    """Return the conditional dimensions, each after those that its conditions name."""
    known = command.deleted.union(*(dimensions for _, dimensions in pending))
    chosen: Dimensions = {}
    while pending:
        condition, dimensions = pending.pop(_first_decidable(pending))
        deciding = ChainMap(chosen, always, command.dimensions).get(condition.key)
        holds = _holds(condition, deciding, current, known)
        if holds is not False:
            conditions = () if holds else (condition,)
            for key, dimension in dimensions.items():
                _choose(key, replace(dimension, conditions=conditions), chosen, always)
    return chosen


def _first_decidable(pending: Pending) -> int:
    """Return the index of the first condition whose own key depends on no other pending condition."""
    undecided = {key for _, dimensions in pending for key in dimensions}
    for index, (condition, _) in enumerate(pending):
        if condition.key not in undecided:
            return index
    texts = " and ".join(condition.text for condition, _ in pending)
    raise UserError(f"where: {texts} depend on each other. Let one of their keys always apply.")


def _holds(
    condition: Condition, deciding: Dimension | None, current: Current, known: set[str]
) -> bool | None:
    """Return whether a condition holds in every trial or in none; None if that depends on the trial."""
    if deciding is None:
        value = current(condition.key)
        if value is None and condition.key not in known:
            raise UserError(
                f"where: {condition.text} depends on {condition.key}, which is neither searched nor a key of "
                "the configuration: write a key as on the command line."
            )
        return value is not None and condition.allows(value)
    if deciding.size is None or deciding.size > MOST_VALUES:
        raise UserError(
            f"where: {condition.text} depends on {condition.key}={deciding.sweep}, which takes no value twice. "
            f"Search it over choice(...) or range(...), or drop the condition."
        )
    allowed = {condition.allows(value) for value in deciding.values}
    if allowed == {True} and not deciding.conditions:
        return True
    return None if True in allowed else False


def _choose(key: str, dimension: Dimension, chosen: Dimensions, always: Dimensions) -> None:
    """Add a conditional dimension; a key may have several, of one distribution."""
    other = chosen.pop(key, None)
    if other is None and dimension.conditions:
        other = always.get(key)  # replaced by one whose condition holds in every trial
    if other is not None and other.sweep != dimension.sweep:
        raise UserError(
            f"{key} would be {other.describe()}, and {dimension.describe()}: in one search a key has one "
            "distribution, so write the same in both places."
        )
    if other is not None:
        both = bool(other.conditions and dimension.conditions)
        conditions = other.conditions + dimension.conditions if both else ()
        dimension = replace(dimension, conditions=conditions)
    chosen[key] = dimension  # last, after those that its conditions name


def _finish(command: Command, always: Dimensions, chosen: Dimensions) -> Space:
    fixed = dict(command.fixed)
    searched = []
    for key, dimension in {**always, **chosen}.items():
        if dimension.conditions:
            continue
        if dimension.size != 1:
            searched.append(dimension)
        elif key not in fixed:
            fixed[key] = dimension.override(dimension.values[0])
    searched += [dimension for dimension in chosen.values() if dimension.conditions]
    return Space(tuple(searched), fixed)
