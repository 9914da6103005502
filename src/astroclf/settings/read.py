"""Composed configuration -> checked settings, or one sentence that says what to change."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from astroclf.errors import UserError, shortened
from astroclf.settings import sections
from astroclf.settings.agreement import check_agreement
from astroclf.settings.sections import Section
from astroclf.settings.tree import Settings

# Which class reads a group, by the value of its `name` (of its `family`, for a model).
CHOICES: dict[str, dict[str, type[Section]]] = {
    "task": {
        "train": sections.Train,
        "crossval": sections.CrossVal,
        "benchmark": sections.Benchmark,
        "sync": sections.Sync,
    },
    "dataset": {
        "simulated": sections.Simulated,
        "image_folder": sections.ImageFolder,
        "catalog": sections.Catalog,
    },
    "model": {"cnn": sections.Cnn, "galaxy_cnn": sections.GalaxyCnn, "timm": sections.Timm},
    "finetune": {
        "full": sections.Full,
        "classifier": sections.HeadOnly,
        "lora": sections.Lora,
    },
    "loss": {
        "ce": sections.Ce,
        "bce": sections.Bce,
        "focal": sections.Focal,
        "mse": sections.Mse,
    },
    "optimizer": {"sgd": sections.Sgd, "adam": sections.Adam, "adamw": sections.Adam},
    "scheduler": {
        "none": sections.Constant,
        "cosine": sections.Cosine,
        "onecycle": sections.OneCycle,
        "step": sections.Step,
        "plateau": sections.Plateau,
    },
    "augment": {
        "none": sections.Augment,
        "flips": sections.Augment,
        "dihedral": sections.Augment,
        "sky": sections.Sky,
    },
    "tracking": {"none": sections.Untracked, "mlflow": sections.Mlflow},
}
OPEN_ENDED: dict[str, type[Section]] = {"optimizer": sections.TimmOptimizer}
ONE_OF_A_KIND: dict[str, type[Section]] = {
    "trainer": sections.Trainer,
    "evaluation": sections.Evaluation,
    "search": sections.Search,
}

# Keys that stand in conf/config.yaml itself.
ALONE = ("seed", "seeds", "folds")


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Check every value and every pair of values.

    config: the composed configuration as plain containers, without Hydra's own node.

    Raises UserError with one sentence for the first value that will not do.
    """
    parts = {
        key: value if key in ALONE else _read_section(key, value)
        for key, value in config.items()
        if key != "resume"
    }
    settings = _checked("", lambda: Settings.model_validate(parts), config)
    check_agreement(settings)
    return settings


def _read_section(group: str, values: Any) -> Section:
    if group not in CHOICES and group not in ONE_OF_A_KIND:
        known = _listed([*CHOICES, *ONE_OF_A_KIND])
        raise UserError(f"{group} is not a group of settings; there are {known}.")
    if not isinstance(values, Mapping):
        raise UserError(f"{group}={values!r} is not a group of settings: choose {group}=<name>.")
    if group in ONE_OF_A_KIND:
        chosen = ONE_OF_A_KIND[group]
    else:
        selector = "family" if group == "model" else "name"
        chosen = _choose(group, selector, values.get(selector))
    return _checked(group, lambda: chosen.model_validate(dict(values)), values)


def _choose(group: str, selector: str, value: Any) -> type[Section]:
    choices = CHOICES[group]
    if isinstance(value, str) and value in choices:
        return choices[value]
    if group in OPEN_ENDED and isinstance(value, str):
        return OPEN_ENDED[group]
    near = difflib.get_close_matches(str(value), choices, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise UserError(f"{group}.{selector}={_shown(value)}: choose one of {_listed(choices)}.{hint}")


def _checked(group: str, build: Callable[[], Any], values: Mapping[str, Any]) -> Any:
    try:
        return build()
    except ValidationError as error:
        raise UserError(_sentence(group, error.errors(include_url=False), values)) from error


def _sentence(group: str, errors: list[ErrorDetails], values: Mapping[str, Any]) -> str:
    """One sentence for the first key that is wrong: the key, what it got, what would fit."""
    key = str(errors[0]["loc"][0])
    path = f"{group}.{key}" if group else key
    about_key = [error for error in errors if error["loc"][0] == key]
    kinds = {error["type"] for error in about_key}
    if key not in values:
        return (
            f"{path} is not set: {f'conf/{group}/' if group else 'conf/config.yaml'} must state it."
        )
    if "extra_forbidden" in kinds:
        near = difflib.get_close_matches(key, set(values) - {key}, n=1)
        hint = f" Did you mean {group}.{near[0]}?" if near else ""
        return f"{path}={_shown(values[key])} is not a setting of this {group}.{hint}"
    wanted = " or ".join(dict.fromkeys(_expectation(error) for error in about_key))
    if wanted == "a list":
        wanted += f", such as [{_shown(values[key])}]"
    return f"{path}={_shown(values.get(key))} does not fit: it should be {wanted}."


def _expectation(error: ErrorDetails) -> str:
    position = [part for part in error["loc"][1:] if isinstance(part, int)]
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


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))
