"""Hydra overlay with the settings of the best trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from astroclf.files import write_text


def write_overlay(
    path: Path, *, header_lines: Sequence[str], groups: Mapping[str, str], values: Mapping[str, Any]
) -> None:
    """Write a Hydra overlay, used as `experiment=<its name>` from a folder `experiment/`.

    header_lines: written as comments.
    groups: group -> the file chosen of it, such as `loss` -> `focal`.
    values: dotted key -> value, which may be a list; text with `${...}` is resolved by Hydra.
    """
    overlay: dict[str, Any] = {}
    if groups:
        overlay["defaults"] = [{f"override /{group}": name} for group, name in groups.items()]
    for key, value in values.items():
        *parents, last = key.split(".")
        section = overlay
        for parent in parents:
            section = section.setdefault(parent, {})
        section[last] = value
    lines = [line for text in header_lines for line in text.splitlines()]
    header = "\n".join(["# @package _global_", *(f"# {line}".rstrip() for line in lines)])
    body = OmegaConf.to_yaml(OmegaConf.create(overlay)) if overlay else ""
    write_text(path, f"{header}\n\n{body}")
