"""Overrides on the command line that cannot be composed: one sentence with what to write instead."""

from __future__ import annotations

import difflib
import re
import traceback
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from astroclf.errors import UserError, one_line
from astroclf.installation import program
from astroclf.setting_names import (
    ALONE,
    Keys,
    close_keys,
    explain_choice,
    names_here,
    new_name,
    read_keys,
)
from astroclf.sweep.nodes import SWEEPER
from astroclf.sweep.space.syntax import parse

# The one group of which several files may be combined.
RECIPES = "experiment"

# key.pattern=stamp-{band}-{id}.fits, without quotes.
PATTERN = re.compile(r"""(\+{0,2}\w+\.pattern=)([^'"]*\{\w+\}[^'"]*)""")

PARSERS = {"hydra", "omegaconf", "antlr4", "yaml"}


def check_arguments(arguments: Sequence[str], conf: Path) -> None:
    """Refuse what Hydra would misread or explain in the terms of its parser; answer --version.

    conf: the folder of the configuration. Raises UserError, and SystemExit after --version.
    """
    if "--version" in arguments:
        print(f"astroclf {version('astroclf')}")
        raise SystemExit(0)
    parser = get_args_parser()
    parser.allow_abbrev = False
    given, unknown = parser.parse_known_args(arguments)
    keys = read_keys(conf)
    for text in unknown:
        if text.startswith("-"):
            raise UserError(_explain_option(text, arguments, keys))
        raise UserError(
            f"{text}: options are given before or after all settings, not between them. "
            f"Write {program()} -m <key>=<value> ..."
        )
    for text in given.overrides:
        if not text.strip():
            raise UserError(
                "An argument is blank. Quote a value with blanks together with its key, as in "
                "'dataset.root=\"my images\"', and write no blank after a \\ at the end of a line."
            )
        if "=" in text:
            override = parse(text)
            _check_addition(override, arguments, keys)
            _check_group(override, text, keys)
            _check_sweep(override, text, arguments)
        elif not text.startswith("~"):
            raise UserError(_explain_word(text, arguments, keys))


def quote_patterns(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with patterns of file names in the quotes that Hydra needs for braces."""
    return [
        f'{found[1]}"{found[2]}"' if (found := PATTERN.fullmatch(text)) else text
        for text in arguments
    ]


def check_working_directory() -> None:
    """Raise UserError if Hydra would read a part of the working directory's name as a reference."""
    folder = Path.cwd()
    if "${" in str(folder):
        raise UserError(
            f"{folder}: Hydra reads ${{ in the name of the working directory as a reference to a "
            "setting. Rename the folder, or start in another one."
        )


def explain_refusal(error: Exception, arguments: Sequence[str], conf: Path) -> str:
    """Return one sentence for an error of Hydra: what is wrong, and what to write instead."""
    entry = _explain_entry(error, arguments)
    if entry is not None:
        return entry
    text = str(error)
    unknown = re.search(r"Could not (?:override|delete from config\.) '([^']+)'", text)
    if unknown:
        return _explain_key(unknown[1], arguments, read_keys(conf))
    missing = re.search(r"Could not find '(.+)/([^'/]+)'\s+Available options in '[^']+':\s", text)
    if missing:
        options = re.findall(r"^\t(\S+)$", text, re.MULTILINE)
        return explain_choice(missing[1], missing[2], [o for o in options if "=" not in o])
    cause = "" if error.__cause__ is None else f" ({one_line(error.__cause__)})"
    return f"{one_line(error, 300).rstrip('.')}{cause}. {program()} --cfg job lists all settings."


def is_of_hydra(error: Exception) -> bool:
    """Return whether Hydra, or what it parses and merges with, has raised the error."""
    if isinstance(error, UserError):
        return False
    if isinstance(error, (HydraException, OmegaConfBaseException)):
        return True
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and any(part in PARSERS for part in Path(frames[-1].filename).parts)


def _check_addition(override: Override, arguments: Sequence[str], keys: Keys) -> None:
    """Refuse +key=value outside of the groups, which nothing would read."""
    root = override.key_or_group.partition(".")[0]
    is_added = override.is_add() or override.is_force_add()
    if is_added and root not in {*keys, *ALONE, "hydra"}:
        raise UserError(_explain_key(override.key_or_group, arguments, keys))


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
            f"{program()} -m {group}={','.join(map(str, value))}."
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
            f"{text}: several values are tried with -m only. Write {program()} -m {text}."
        )


def _explain_option(option: str, arguments: Sequence[str], keys: Keys) -> str:
    """Return the sentence for `--epochs 5` or `--epochs=5`."""
    flag, _, value = option.partition("=")
    value = value or _value_after(option, arguments)
    names = names_here(flag.strip("-").replace("-", "_"), keys)
    advice = f"Write {_with_value(names, value)}." if names else f"{program()} --help lists them."
    return f"{option}: settings are given as <key>=<value>, without dashes. {advice}"


def _explain_word(word: str, arguments: Sequence[str], keys: Keys) -> str:
    """Return the sentence for an argument that is no override."""
    before = arguments[: arguments.index(word)]
    if before and before[-1].endswith("="):
        return f"{before[-1]} {word}: no blank may follow =. Write {before[-1]}{word}."
    value = _value_after(word, arguments)
    names = names_here(word, keys) or [word] * (word in keys)
    if word.lower() in keys["task"]:
        names, value = ["task"], word.lower()
    advice = (
        f"Write {_with_value(names, value)}."
        if names
        else f"{program()} --help lists tasks and settings."
    )
    return f"{word}: what is to be done is given as <key>=<value>. {advice}"


def _value_after(argument: str, arguments: Sequence[str]) -> str:
    """Return the value that follows an argument, after a = or none, or ""."""
    following = "".join(arguments[arguments.index(argument) + 1 :][:2])
    after = [*arguments[arguments.index(argument) + 1 :], ""][0]
    if after.startswith("="):
        return following.removeprefix("=")
    return "" if "=" in after or after.startswith("-") else after


def _explain_entry(error: Exception, arguments: Sequence[str]) -> str | None:
    """Return the sentence for a new entry of a setting that maps names to values, such as flux.b; else None."""
    found = re.search(r"full_key: (?!hydra\.)(\w+\.\w+)\.(\w+)\n", f"{error.__cause__}")
    if found is None:
        return None
    setting, name = found.groups()
    given = next((each for each in arguments if each.startswith(setting)), setting)
    return f"{given}: {setting} has no entry {name}. Add it as +{setting}.{name}=<value>."


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
        near = difflib.get_close_matches(key, [f"hydra.sweeper.{each}" for each in SWEEPER], n=1)
        hint = (
            f"did you mean {near[0]}?" if near else f"{program()} --cfg hydra lists those of Hydra."
        )
        return f"{given}: there is no such setting; {hint}"
    renamed = new_name(key)
    if renamed is not None:
        return f"{given}: renamed. Write {_with_value([renamed], value)}."
    files = [file for file, own in keys.get(group, {}).items() if name in own]
    if files:
        # Groups of one task are composed by it.
        group, files = ("task", [group]) if group in keys["task"] else (group, files)
        choices = " or ".join(f"{group}={file}" for file in files)
        return f"{given}: this setting belongs to {choices}. Add {f'{group}={files[0]}' if len(files) == 1 else 'one of them'}."
    names = names_here(key, keys)
    if names:
        return f"{given}: there is no such setting; write {_with_value(names, value)}."
    near = close_keys(key, keys)
    hint = f"did you mean {near[0]}?" if near else f"{program()} --cfg job lists all."
    return f"{given}: there is no such setting; {hint}"


def _with_value(names: Sequence[str], value: str) -> str:
    return " or ".join(f"{name}={value or '<value>'}" for name in names)
