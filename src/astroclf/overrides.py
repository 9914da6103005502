"""Overrides on the command line that cannot be composed: one sentence with what to write instead."""

from __future__ import annotations

import difflib
import re
import traceback
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import yaml
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from astroclf.errors import UserError, one_line
from astroclf.sweep.nodes import SWEEPER
from astroclf.sweep.syntax import parse

# What other tools call a setting -> its name here.
FOREIGN_NAMES = {
    "checkpoint": "resume",
    "ckpt_path": "resume",
    "data": "dataset.root",
    "data_dir": "dataset.root",
    "learning_rate": "optimizer.lr",
    "logger": "tracking",
    "n_trials": "hydra.sweeper.n_trials",
    "num_epochs": "trainer.epochs",
    "wd": "optimizer.weight_decay",
}
# The one group of which several files may be combined.
RECIPES = "experiment"
ANY_NETWORK = "timm"  # the file that takes a name which timm knows

PARSERS = {"hydra", "omegaconf", "antlr4", "yaml"}

Keys = Mapping[str, Mapping[str, set[str]]]  # group -> file of the group -> its keys


def check_arguments(arguments: Sequence[str], conf: Path) -> None:
    """Refuse what Hydra would misread or explain in the terms of its parser; answer --version.

    conf: the folder of the configuration. Raises UserError, and SystemExit after --version.
    """
    if "--version" in arguments:
        print(f"astroclf {version('astroclf')}")
        raise SystemExit(0)
    given, unknown = get_args_parser().parse_known_args(arguments)
    groups = {folder.name for folder in conf.iterdir() if folder.is_dir()}
    for text in [*given.overrides, *unknown]:
        if "=" in text:
            override = parse(text)
            _check_group(override, text, groups)
            _check_sweep(override, text, arguments)
        elif not text.startswith(("~", "-")):
            raise UserError(
                f"{text}: what is to be done is given as <key>=<value>, such as task=train; "
                "python run.py --help lists tasks and settings."
            )


def explain_refusal(error: Exception, arguments: Sequence[str], conf: Path) -> str:
    """Return one sentence for an error of Hydra: what is wrong, and what to write instead."""
    text = str(error)
    unknown = re.search(r"Could not (?:override|delete from config\.) '([^']+)'", text)
    if unknown:
        return _explain_key(unknown[1], arguments, read_keys(conf))
    missing = re.search(r"Could not find '(.+)/([^'/]+)'\s+Available options in '[^']+':\s", text)
    if missing:
        options = re.findall(r"^\t(\S+)$", text, re.MULTILINE)
        return _explain_choice(missing[1], missing[2], [o for o in options if "=" not in o])
    cause = "" if error.__cause__ is None else f" ({one_line(error.__cause__)})"
    return f"{one_line(error, 300).rstrip('.')}{cause}. python run.py --cfg job lists all settings."


def is_of_hydra(error: Exception) -> bool:
    """Return whether Hydra, or what it parses and merges with, has raised the error."""
    if isinstance(error, UserError):
        return False
    if isinstance(error, (HydraException, OmegaConfBaseException)):
        return True
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and any(part in PARSERS for part in Path(frames[-1].filename).parts)


def read_keys(conf: Path) -> Keys:
    """Return the keys of every file of every group, those that a file takes from another included."""
    keys: dict[str, dict[str, set[str]]] = {}
    for file in sorted(conf.glob("*/*.yaml")):
        keys.setdefault(file.parent.name, {})[file.stem] = _keys_of(file)
    return keys


def _keys_of(file: Path) -> set[str]:
    content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    bases = [name for name in content.pop("defaults", []) if isinstance(name, str)]
    inherited = [_keys_of(file.with_stem(name)) for name in bases if name != "_self_"]
    return set(map(str, content)).union(*inherited)


def _check_group(override: Override, text: str, groups: Iterable[str]) -> None:
    """Refuse anything but one file of a group; Hydra would take the last of a list."""
    group = override.key_or_group
    if group not in groups or override.is_sweep_override() or override.is_delete():
        return
    value = override.value()
    if isinstance(value, list) and group == RECIPES:
        return
    if isinstance(value, list) and value:
        raise UserError(
            f"{text}: one of {group} is chosen. Write {group}={value[-1]}, or, to try each of them, "
            f"python run.py -m {group}={','.join(map(str, value))}."
        )
    if not isinstance(value, str):
        raise UserError(
            f"{text}: {group} is a group of settings. Choose a file of conf/{group}/ as {group}=<name>."
        )


def _check_sweep(override: Override, text: str, arguments: Sequence[str]) -> None:
    is_multirun = any(
        each in ("-m", "--multirun") or each.startswith("hydra.mode=") for each in arguments
    )
    if override.is_sweep_override() and not is_multirun:
        raise UserError(
            f"{text}: several values are tried with -m only. Write python run.py -m {text}."
        )


def _explain_key(key: str, arguments: Sequence[str], keys: Keys) -> str:
    """Return the sentence for a key that the composed configuration does not have."""
    given = next(
        (each for each in arguments if re.match(rf"[+~]*{re.escape(key)}(=|$)", each)), key
    )
    value = given.partition("=")[2]
    group, _, name = key.partition(".")
    if group == "hydra":
        if key.startswith("hydra.sweeper.") and key.split(".")[2] in SWEEPER:
            return f"{given}: this is a setting of the search. Add -m hydra/sweeper=optuna."
        return f"{given}: there is no such setting; python run.py --cfg hydra lists those of Hydra."
    files = [file for file, own in keys.get(group, {}).items() if name in own]
    if files:
        choices = " or ".join(f"{group}={file}" for file in files)
        return f"{given}: this setting belongs to {choices}. Add {f'{group}={files[0]}' if len(files) == 1 else 'one of them'}."
    known = {
        f"{group}.{own}" for group, files in keys.items() for own in set().union(*files.values())
    }
    same_name = sorted(each for each in known if each.split(".")[-1] == key.split(".")[-1])
    written = FOREIGN_NAMES.get(key) or next(iter(same_name), None)
    if written:
        return f"{given}: there is no such setting; write {written}={value or '<value>'}."
    near = difflib.get_close_matches(key, [*known, *keys, "seed", "seeds", "folds", "resume"], n=1)
    hint = f"did you mean {near[0]}?" if near else "python run.py --cfg job lists all."
    return f"{given}: there is no such setting; {hint}"


def _explain_choice(group: str, choice: str, options: Sequence[str]) -> str:
    """Return the sentence for a file that a group does not have."""
    there = f"{group}={choice}: there is no such {group}; choose one of {', '.join(options)}."
    near = difflib.get_close_matches(choice, options, n=1)
    if ANY_NETWORK in options:
        return f"{there} For any other that timm knows, write {group}=timm {group}.name={choice}."
    return f"{there} Did you mean {group}={near[0]}?" if near else there
