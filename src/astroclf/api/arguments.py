"""Python arguments as Hydra overrides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path

from astroclf.commands import quoted
from astroclf.files import user_path
from astroclf.installation import CONF
from astroclf.setting_names import read_keys

Value = object  # text, number, bool, None, path, or sequences and mappings of them


def as_overrides(texts: Sequence[str], named: Mapping[str, Value]) -> list[str]:
    """Return the overrides of a command line with the same meaning.

    texts: overrides as they are typed. named: key -> value; a mapping gives several keys of a group,
    and `dataset` may be a table, a folder of images, or a file of conf/dataset/.
    """
    overrides = list(texts)
    for key, value in named.items():
        overrides += dataset_overrides(value) if key == "dataset" else _overrides(key, value)
    return overrides


def dataset_overrides(dataset: Value) -> list[str]:
    """Return the overrides that select a dataset: a table, a folder, a choice, or several keys."""
    if not isinstance(dataset, str | PathLike):
        return list(_overrides("dataset", dataset))
    text = fspath(dataset)
    if text in read_keys(CONF)["dataset"]:
        return [f"dataset={text}"]
    key = "root" if Path(user_path(text)).is_dir() else "table"
    source = "image_folder" if key == "root" else "catalog"
    return [f"dataset={source}", f"dataset.{key}={quoted(text)}"]


def _overrides(key: str, value: Value) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _overrides(f"{key}.{name}", each)
    else:
        yield f"{key}={_as_text(value)}"


def _as_text(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | PathLike):
        return quoted(fspath(value))
    if isinstance(value, Sequence):
        return f"[{','.join(map(_as_text, value))}]"
    return str(value)
