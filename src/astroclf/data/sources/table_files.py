"""Files of the rows of a table, found with or without their extensions."""

from __future__ import annotations

import stat
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from astroclf.data.formats.registry import suffix_reason
from astroclf.errors import UserError, listed
from astroclf.files import user_path
from astroclf.settings import sections
from astroclf.tables import Table

Completions = Callable[[Path], Mapping[str, list[str]]]


def find_files(table: Table, settings: sections.Catalog) -> tuple[Path, list[str]]:
    """Return the folder that paths of the table start from, and the path of each row below it.

    A name without a file is completed by the extension of an image of that name: `100053` is
    `100053.jpg`. Backslashes may separate folders. The name of a missing file is unchanged.

    Raise UserError if several extensions are possible, and for missing files unless `on_bad_image` is
    skip and at least one file exists.
    """
    folder = Path(settings.image_root or Path(settings.table or "").parent)
    completions = cache(list_completions)
    names: list[str] = []
    missing: list[str] = []
    for cell in table.filled(settings.image_column):
        found = find_file(folder, cell, completions)
        if len(found) > 1:
            raise UserError(
                f"dataset.image_column={settings.image_column}: {listed([cell])} is ambiguous: "
                f"{listed(found)}. Add the extension to the table."
            )
        names += found or [cell]
        missing += [] if found else [cell]
    if missing and (settings.on_bad_image == "stop" or len(missing) == len(names)):
        skip = (
            "" if len(missing) == len(names) else " Or leave them out: dataset.on_bad_image=skip."
        )
        raise UserError(
            f"{table.name}: {len(missing):,} of {len(names):,} files are missing in {folder}: "
            f"{listed(missing)}. {_advice(folder, missing[0])}{skip}"
        )
    return folder, names


def find_file(folder: Path, cell: str, completions: Completions) -> list[str]:
    """Return the path of the cell below the folder; several if its extension is ambiguous."""
    try:
        given = user_path(cell)
    except ValueError:  # no home directory, or a zero byte
        given = Path(cell)
    for path in dict.fromkeys((given, Path(str(given).replace("\\", "/")))):
        if stat.S_ISREG(_mode(folder / path)):
            return [str(path)]
        found = completions((folder / path).parent).get(path.name)
        if found:
            return [str(path.with_name(each)) for each in sorted(found)]
    return [str(given)] if _mode(folder / given) else []


def _mode(path: Path) -> int:
    """Return the mode of a file, 0 if it does not exist."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):  # missing, too long, or with a zero byte
        return 0


def list_completions(folder: Path) -> Mapping[str, list[str]]:
    """Return name without extension -> images of a folder; empty if it cannot be read."""
    completions = defaultdict(list)
    try:
        for each in folder.iterdir():
            if suffix_reason(each.name) is None:
                completions[each.stem].append(each.name)
    except (OSError, ValueError):  # missing, unreadable, or with a zero byte
        return {}
    return completions


def _advice(folder: Path, cell: str) -> str:
    """Return the remedy for a missing file: its folder, if that is beside the table."""
    try:
        beside = sorted(each for each in folder.iterdir() if each.is_dir())
    except OSError:
        beside = []
    for each in beside:
        if find_file(each, cell, list_completions):
            return f"{listed([cell])} is in {each}: set dataset.image_root={each}."
    return "Set dataset.image_root to the folder that the paths start from."
