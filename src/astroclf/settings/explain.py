"""Sentences for values of settings that a section refuses."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from astroclf.errors import shortened
from astroclf.setting_names import new_name
from astroclf.settings.groups import GROUPS, choices_of, selector_of
from astroclf.settings.sections import REASON, REFUSAL
from astroclf.settings.tree import Settings


def explain_error(errors: Sequence[ErrorDetails], config: Mapping[str, Any]) -> str:
    """Return one sentence for the first wrong value: its key, the value, and what is expected.

    errors: those that `Settings` raised for the values of `config`.
    """
    group = str(errors[0]["loc"][0])
    if group not in Settings.model_fields:
        return f"{group} is not a group of settings. Choose one of {_listed(GROUPS)}."
    if group not in config:
        return f"{group} is not set. State it in conf/config.yaml."
    values = config[group]
    if group not in GROUPS:
        return _explain_value(group, 1, errors, values)
    if not isinstance(values, Mapping):
        return f"{group}={values!r}: not a group of settings. Choose {group}=<name>."
    if errors[0]["type"].startswith("union_tag"):
        return _explain_choice(group, values)
    if errors[0]["type"] == REFUSAL:
        return errors[0]["msg"]
    depth = 1 if selector_of(group) is None else 2  # after a group, pydantic names the alternative
    key = str(errors[0]["loc"][depth])
    if key not in values:
        return f"{group}.{key} is not set. State it in conf/{group}/."
    if errors[0]["type"] == "extra_forbidden":
        renamed = new_name(f"{group}.{key}")
        if renamed is not None:
            return f"{group}.{key}={_shown(values[key])}: renamed. Write {renamed}."
        near = difflib.get_close_matches(key, set(values) - {key}, n=1)
        hint = f" Did you mean {group}.{near[0]}?" if near else ""
        return f"{group}.{key}={_shown(values[key])}: not a setting of this {group}.{hint}"
    about_key = [
        error for error in errors if error["loc"][: depth + 1] == errors[0]["loc"][: depth + 1]
    ]
    return _explain_value(f"{group}.{key}", depth + 1, about_key, values[key])


def _explain_choice(group: str, values: Mapping[str, Any]) -> str:
    selector, choices = str(selector_of(group)), choices_of(group)
    value = values.get(selector)
    near = difflib.get_close_matches(str(value), choices, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"{group}.{selector}={_shown(value)}: unknown. Choose one of {_listed(choices)}.{hint}"


def _explain_value(path: str, depth: int, errors: Sequence[ErrorDetails], value: Any) -> str:
    """depth: how many parts of an error's location name the path; those after it are inside of it."""
    if errors[0]["type"] == REASON:
        return f"{path}={_shown(value)}: {errors[0]['msg']}"
    wanted = " or ".join(dict.fromkeys(_expectation(error, depth) for error in errors))
    if wanted == "a list":
        wanted += f", such as [{_shown(value)}]"
    return f"{path}={_shown(value)}: should be {wanted}."


def _expectation(error: ErrorDetails, depth: int) -> str:
    position = [part for part in error["loc"][depth:] if isinstance(part, int)]
    if error["type"] == "missing":
        return f"a list of at least {position[0] + 1}"
    if error["type"] in ("too_short", "too_long"):
        bound = "at least" if error["type"] == "too_short" else "at most"
        length = error["ctx"]["min_length" if bound == "at least" else "max_length"]
        return f"a list of {bound} {length}"
    text = re.split(", (?:unable|got) ", error["msg"].removeprefix("Input should be "))[0]
    text = re.sub(r"(?<=\b1)0{9,}(?!\d)", lambda zeros: f"e{len(zeros[0])}", text)
    text = text.replace("valid integer", "whole number").replace("valid tuple", "list")
    text = text.replace("valid dictionary", "table of settings").replace("valid ", "")
    return f"{text} (in place {position[0]})" if position else text


def _shown(value: Any) -> str:
    return "null" if value is None else shortened(str(value))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
