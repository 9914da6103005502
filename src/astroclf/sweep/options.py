"""The node of a sampler or a pruner -> its name and checked options."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from astroclf.errors import UserError

# What a value must be where the default is of this type; other defaults say nothing of theirs.
NUMBERS = {int: (int,), float: (int, float)}
MOST = 2**32 - 1  # the largest seed of numpy
WANTED = {
    bool: "true or false",
    int: f"a whole number from 0 to {MOST}",
    float: f"a number from 0 to {MOST}",
}


def read_options(
    kind: Literal["sampler", "pruner"],
    node: Mapping[str, Any],
    known: Mapping[str, Mapping[str, Any]],
) -> tuple[str, dict[str, Any]]:
    """The name, and all options of that name: what the node leaves out has its default.

    Raises UserError for a name, an option or a value that will not do.
    """
    group = f"hydra.sweeper.{kind}"
    name = str(node.get("name"))
    if name not in known:
        raise UserError(f"{group}.name={name} is no {kind}: {nearest(name, known)}")
    defaults = {option: value for option, value in known[name].items() if option != "name"}
    given = {str(option): value for option, value in node.items() if option != "name"}
    for option, value in given.items():
        if option not in defaults:
            raise UserError(
                f"{group}.{option} is not an option of {name}: {nearest(option, defaults)}"
            )
        if not _fits(value, defaults[option]):
            wanted = WANTED[type(defaults[option])]
            raise UserError(f"{group}.{option}={value} does not fit: it should be {wanted}.")
    return name, {**defaults, **given}


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a sentence that refuses a word: the one probably meant, or all there are."""
    choices = list(known)
    near = difflib.get_close_matches(word, choices, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"choose one of {', '.join(choices)}." if choices else "it has none."


def _fits(value: Any, default: Any) -> bool:
    if type(default) is bool:
        return type(value) is bool
    if type(default) in NUMBERS:
        return type(value) in NUMBERS[type(default)] and 0 <= value <= MOST
    return True
