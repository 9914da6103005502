"""Nodes of samplers and pruners -> checked targets: `_target_` and its arguments."""

from __future__ import annotations

import difflib
import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

from hydra.utils import instantiate
from omegaconf import OmegaConf
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler

from astroclf.errors import UserError, one_line
from astroclf.settings.targets import add_working_directory
from astroclf.sweep.nodes import NODES, Kind

Node = Mapping[str, Any]

BASES = {"sampler": BaseSampler, "pruner": BasePruner}
MOST = 2**32 - 1  # the largest seed of numpy
# Type of a default -> types that replace it, and their name in an error.
ALLOWED: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), f"a whole number from 0 to {MOST}"),
    float: ((int, float), f"a number from 0 to {MOST}"),
}


def chosen_node(kind: Kind, hydra: Any) -> dict[str, Any]:
    """Return the node of the sampler or pruner that a command line chose.

    Where `_target_` was replaced, the other defaults of `hydra/sweeper/<kind>=<choice>` are left
    out: they are arguments of another class. hydra: the node `hydra` of the configuration.
    """
    node: dict[str, Any] = OmegaConf.to_container(hydra.sweeper[kind], resolve=True)  # type: ignore[assignment]
    defaults = NODES[kind].get(str(hydra.runtime.choices.get(f"hydra/sweeper/{kind}")), {})
    if node.get("_target_") == defaults.get("_target_"):
        return node
    typed = {override.partition("=")[0].lstrip("+") for override in hydra.overrides.hydra}
    return {
        key: value
        for key, value in node.items()
        if defaults.get(key) != value or f"hydra.sweeper.{kind}.{key}" in typed
    }


def target_name(kind: Kind, node: Node) -> str:
    """Return the name of a sampler or pruner: that of its choice, else its import path."""
    path = str(node.get("_target_"))
    names = {known["_target_"]: name for name, known in NODES[kind].items()}
    return names.get(path, path)


@dataclass(frozen=True)
class Target:
    """Class or function that makes a sampler or a pruner, and its arguments."""

    kind: Kind
    name: str
    function: Callable[..., Any]
    arguments: Mapping[str, Any]

    def accepts(self, argument: str) -> bool:
        """Return whether the function has that argument."""
        return argument in inspect.signature(self.function).parameters

    def make(self, **arguments: Any) -> Any:
        """Return the sampler or pruner, made with these arguments besides.

        Raises UserError if that fails, or if the object is neither.
        """
        path = "/{}=" if self.name in NODES[self.kind] else ".{}._target_="
        place = f"hydra{path[0]}sweeper{path.format(self.kind)}{self.name}"
        # Hydra would convert each argument that it passes, and a grid may have 100,000 points.
        partial = {"_target_": self.function, "_partial_": True, "_convert_": "all"}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)
                made = instantiate({**self.arguments, **partial})(**arguments)
        except Exception as error:
            reason = _sentence(
                error.__cause__ or error
            )  # Hydra's own error of a nested node has a cause
            raise UserError(f"{place} cannot be made: {reason}") from error
        if not isinstance(made, BASES[self.kind]):
            raise UserError(
                f"{place} is no {self.kind} of Optuna: it makes a {type(made).__name__}."
            )
        return made


def read_target(kind: Kind, node: Node) -> Target:
    """Return the target of a node, whose known arguments have defaults.

    Raises UserError for a `_target_` that cannot be imported, an argument that it does not have,
    and a value of the wrong type for an argument with a default in `nodes`.
    """
    group, name = f"hydra.sweeper.{kind}", target_name(kind, node)
    defaults = {key: v for key, v in NODES[kind].get(name, {}).items() if key != "_target_"}
    given = {str(key): value for key, value in node.items() if key != "_target_"}
    target = Target(kind, name, _import(kind, node), {**defaults, **given})
    parameters = inspect.signature(target.function).parameters.values()
    named = {
        each.name for each in parameters if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
    }
    takes_any = any(each.kind == each.VAR_KEYWORD for each in parameters)
    for key, value in given.items():
        if key not in defaults and key not in named and not takes_any and not key.startswith("_"):
            raise UserError(
                f"{group}.{key} is not an argument of {name}: {nearest(key, defaults or named)}"
            )
        if key in defaults and not _fits(value, defaults[key]):
            wanted = ALLOWED[type(defaults[key])][1]
            raise UserError(f"{group}.{key}={value} does not fit: it should be {wanted}.")
    return target


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that refuses a word: the nearest known one, else all of them."""
    choices = list(known)
    near = difflib.get_close_matches(word, choices, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"choose one of {', '.join(choices)}." if choices else "it has none."


def _import(kind: Kind, node: Node) -> Callable[..., Any]:
    path = node.get("_target_")
    place = f"hydra.sweeper.{kind}._target_={path}"
    add_working_directory()
    try:
        found = resolve_name(str(path))
    except Exception as error:
        raise UserError(
            f"{place}: it cannot be imported ({one_line(error).rstrip('.')}). Give the import path of a {kind}, such as "
            f"{next(iter(NODES[kind].values()))['_target_']}, or choose hydra/sweeper/{kind}=<name> among {', '.join(NODES[kind])}."
        ) from error
    if not callable(found):
        raise UserError(f"{place}: it is no class or function. Give the import path of a {kind}.")
    return found


def _fits(value: Any, default: Any) -> bool:
    if type(default) not in ALLOWED:
        return True
    types, _ = ALLOWED[type(default)]
    return type(value) in types and (type(default) is bool or 0 <= value <= MOST)


def _sentence(error: BaseException) -> str:
    return f"{one_line(error).rstrip('.')}."
