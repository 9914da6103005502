"""Files of the rows of a table, found with or without their extensions."""

from __future__ import annotations

import stat
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from astroclf.data.bands import ImageFiles
from astroclf.data.formats.registry import suffix_reason
from astroclf.data.sources.places import read_places
from astroclf.errors import UserError, listed
from astroclf.files import user_path
from astroclf.settings import sections
from astroclf.tables import Table

Completions = Callable[[Path], Mapping[str, list[str]]]


def image_columns(settings: sections.Catalog) -> list[tuple[str, str]]:
    """Return (key, column) for the column of the images, or for that of each band."""
    if settings.band_columns is None:
        return [("dataset.image_column", settings.image_column)]
    return [("dataset.image_columns", column) for column in settings.band_columns]


def find_images(table: Table, settings: sections.Catalog) -> list[ImageFiles]:
    """Return the files of each row: one of the image, or one per band, None for a missing one.

    The name of an image is the path of its file, or of its first band in the table.
    Raise UserError as `find_files`; of several bands, only where no file of a band exists.
    """
    places = read_places(table, settings)
    if settings.band_columns is None:
        folder, names = find_files(table, settings)
        return [
            ImageFiles(name, (folder / name,), place)
            for name, place in zip(names, places, strict=True)
        ]
    folder = _folder(settings)
    completions = cache(list_completions)
    by_band = []
    for key, column in image_columns(settings):
        cells = table.text(column)
        paths = [_find_cell(folder, cell, f"{key}={column}", completions) for cell in cells]
        missing = [cell for cell, path in zip(cells, paths, strict=True) if path is None]
        if len(missing) == len(cells):
            raise _missing_files(table, folder, missing, can_skip=False)
        by_band.append(paths)
    return [
        ImageFiles(
            next((path for path in paths if path is not None), f"line {line}"),
            tuple(None if path is None else folder / path for path in paths),
            place,
        )
        for line, place, *paths in zip(table.lines, places, *by_band, strict=True)
    ]


def find_files(table: Table, settings: sections.Catalog) -> tuple[Path, list[str]]:
    """Return the folder that paths of the table start from, and the path of each row below it.

    A name without a file is completed by the extension of an image of that name: `100053` is
    `100053.jpg`. Backslashes may separate folders. The name of a missing file is unchanged.

    Raise UserError if several extensions are possible, and for missing files unless `on_bad_image` is
    skip and at least one file exists.
    """
    folder, key = _folder(settings), f"dataset.image_column={settings.image_column}"
    completions = cache(list_completions)
    cells = table.filled(settings.image_column)
    paths = [_find_cell(folder, cell, key, completions) for cell in cells]
    missing = [cell for cell, path in zip(cells, paths, strict=True) if path is None]
    if missing and (settings.on_bad_image == "stop" or len(missing) == len(cells)):
        raise _missing_files(table, folder, missing, can_skip=len(missing) < len(cells))
    return folder, [path or cell for cell, path in zip(cells, paths, strict=True)]


def _folder(settings: sections.Catalog) -> Path:
    return Path(settings.image_root or Path(settings.table or "").parent)


def _find_cell(folder: Path, cell: str, key: str, completions: Completions) -> str | None:
    """Return the path of the cell, None if it is empty or missing. Raise UserError if it is ambiguous."""
    found = find_file(folder, cell, completions) if cell else []
    if len(found) > 1:
        raise UserError(
            f"{key}: {listed([cell])} is ambiguous: {listed(found)}. Add the extension to the table."
        )
    return found[0] if found else None


def _missing_files(
    table: Table, folder: Path, missing: Sequence[str], *, can_skip: bool
) -> UserError:
    skip = " Or leave them out: dataset.on_bad_image=skip." if can_skip else ""
    named = [cell for cell in missing if cell]
    return UserError(
        f"{table.name}: {len(missing):,} of {len(table):,} files are missing in {folder}: "
        f"{listed(named) if named else 'all cells are empty'}. "
        f"{_advice(folder, named[0]) if named else 'Fill them in.'}{skip}"
    )


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
