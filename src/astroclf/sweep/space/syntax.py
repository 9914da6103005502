"""Hydra's override syntax: text -> override -> plain values, and values -> text that reads back."""

from __future__ import annotations

import re
from inspect import Parameter, Signature
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser, create_functions
from hydra.core.override_parser.types import (
    Override,
    OverrideType,
    Quote,
    QuotedString,
    Sweep,
    Transformer,
)
from hydra.errors import HydraException

from astroclf.errors import UserError


def _make_parser() -> OverridesParser:
    functions = create_functions()
    # Hydra's own choice takes everything but null.
    anything = Parameter("args", Parameter.VAR_POSITIONAL, annotation=object)
    functions.definitions["choice"] = Signature([anything])
    return OverridesParser(functions)


PARSER = _make_parser()
PREFIXES = {
    OverrideType.CHANGE: "",
    OverrideType.ADD: "+",
    OverrideType.FORCE_ADD: "++",
    OverrideType.DEL: "~",
}
PLAIN_WORD = re.compile(r"[A-Za-z_][\w/.-]*", re.ASCII)
RESERVED = {"true", "false", "null", "inf", "nan"}  # words that Hydra reads as something else
LOOKS_LIKE = "a value, choice(a, b), range(1, 5), interval(0, 1) or tag(log, interval(1e-4, 1e-2))"


def parse(text: str) -> Override:
    """Return the override `key=value`, of any kind."""
    try:
        return PARSER.parse_override(text)
    except HydraException as error:
        key = text.partition("=")[0]
        raise UserError(
            f"{text} cannot be read. Write {LOOKS_LIKE} after {key}=; a text with brackets or signs such as "
            f"~ = & ; # > ? needs quotes, as in {key}='\"a (b)\"'."
        ) from error


def name_of(override: Override) -> str:
    """Return the key without its prefix: a.b for +a.b=1."""
    package = "" if override.package is None else f"@{override.package}"
    return f"{override.key_or_group}{package}"


def plain(value: Any, key: str) -> Any:
    """Return a parsed value without Hydra's classes: None, bool, int, float, str, list or dict."""
    if isinstance(value, QuotedString):
        return value.text
    if isinstance(value, list):
        return [plain(item, key) for item in value]
    if isinstance(value, dict):
        return {name: plain(item, key) for name, item in value.items()}
    if isinstance(value, Sweep):
        raise UserError(f"{key} has one sweep inside another, or inside a list. Write one of them.")
    return value


def written(value: Any) -> str:
    """Return the text that Hydra parses as this value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{','.join(map(written, value))}]"
    if isinstance(value, dict):
        items = (f"{Transformer.str(name)}:{written(item)}" for name, item in value.items())
        return f"{{{','.join(items)}}}"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    if PLAIN_WORD.fullmatch(text) and text.lower() not in RESERVED:
        return text
    return QuotedString(text, Quote.single).with_quotes()


def encoded(value: Any) -> bool | int | float | str | None:
    """Return the value in a type that Optuna stores: lists and dicts as the text that Hydra parses."""
    return written(value) if isinstance(value, list | tuple | dict) else value
