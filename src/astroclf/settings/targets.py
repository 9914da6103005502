"""Import paths of functions and classes of the user, such as my_package.MyNet."""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from astroclf.errors import one_line


def import_target(path: str) -> Callable[..., Any]:
    """Return the function or class at an import path; modules of the working directory are found too.

    Raises ValueError with the reason, as the end of a sentence and what to do.
    """
    module_name, _, name = path.rpartition(".")
    if not all(part.isidentifier() for part in path.split(".")) or not module_name:
        raise ValueError("not an import path. Give one, such as my_package.my_module.MyClass.")
    add_working_directory()
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # the module is the user's, and may raise anything
        raise ValueError(
            f"{module_name} cannot be imported ({one_line(error).rstrip('.')}). Install it, or start in the "
            "folder that contains it."
        ) from error
    if not hasattr(module, name):
        near = difflib.get_close_matches(name, dir(module), n=1)
        hint = f" Did you mean {module_name}.{near[0]}?" if near else ""
        raise ValueError(f"{module_name} has no {name}.{hint}")
    target: Any = getattr(module, name)
    if not callable(target):
        raise ValueError("neither a function nor a class. Give the path of one.")
    return target


def add_working_directory() -> None:
    """Add the working directory to the import path; last, so that no file there hides an installed package."""
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)


def check_arguments(target: Callable[..., Any], positional: int, given: Mapping[str, Any]) -> None:
    """Raise ValueError with the reason if a target cannot be called with these arguments.

    positional: number of arguments that astroclf passes by position. given: those passed by name.
    """
    try:
        signature = inspect.signature(target)
    except (TypeError, ValueError):  # some built-in functions have none
        return
    try:
        signature.bind(*[None] * positional, **given)
    except TypeError as error:
        raise ValueError(f"{error}. The target has the arguments {signature}.") from error


def accepts(target: Callable[..., Any], name: str) -> bool:
    """Return whether a target has a parameter of this name."""
    try:
        return name in inspect.signature(target).parameters
    except (TypeError, ValueError):  # some built-in functions have no signature
        return False
