"""Files of the frames of a mosaic, listed by a pattern or a table."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from astroclf.errors import UserError, counted, listed
from astroclf.tables import read_column_names, read_table

TABLES = (".csv", ".tsv", ".txt", ".csv.gz")
COLUMNS = ("file", "band", "field", "hdu")  # of a table of frames
BAND, FIELD = "{band}", "{field}"
WILDCARDS = {"*": "[^/]*", "**": ".*", "?": "[^/]"}


@dataclass(frozen=True)
class FrameFile:
    """One FITS image. band: None for a cube whose planes are the bands. field: name of the pointing."""

    path: Path
    band: str | None
    field: str
    hdu: int | str | None


def list_frames(
    key: str, frames: str, bands: Sequence[str], hdu: int | str | None
) -> list[FrameFile]:
    """Return the files of a mosaic.

    key: the key of the settings, for messages. frames: a CSV with the columns file and band, and
    optionally field and hdu; or a path with `*` and `?`, in which `{band}` stands for the name of a
    band and `{field}` for that of a pointing. Without `{band}`, a file is of the only band, or a cube
    of all; `{band}` in hdu is the extension of that band in every file.

    Raise UserError if there is no such file.
    """
    title = f"{key}={frames}"
    if frames.lower().endswith(TABLES):
        return _of_table(key, title, Path(frames), bands, hdu)
    found = [each for band in bands for each in _matching(frames, band, hdu)]
    if BAND not in frames and not (isinstance(hdu, str) and BAND in hdu):
        cube = len(bands) > 1
        found = [
            FrameFile(each.path, None if cube else bands[0], each.field, hdu)
            for each in _matching(frames, bands[0], hdu)
        ]
    if not found:
        hint = "" if BAND in frames else " For one file a band, write {band} in their place."
        raise UserError(
            f"{title} matches no file. Give the FITS frames as a path with * and ?, or a CSV.{hint}"
        )
    return found


def _matching(frames: str, band: str, hdu: int | str | None) -> list[FrameFile]:
    """Return the files of a pattern for one band, in the order of their names."""
    with_band = frames.replace(BAND, band)
    pattern = _expression(frames, band)
    unit = hdu.replace(BAND, band) if isinstance(hdu, str) else hdu
    found = []
    for name in sorted(glob.glob(with_band.replace(FIELD, "*"), recursive=True)):  # noqa: PTH207
        match = pattern.fullmatch(name)
        if match is None or not Path(name).is_file():
            continue
        stated = match.groupdict().get("field")
        free = "-".join(part for part in match.groups() if part) or _stem(frames.replace(BAND, ""))
        found.append(FrameFile(Path(name), band, stated or free, unit))
    return found


def _expression(frames: str, band: str) -> re.Pattern[str]:
    """Return the regular expression of a pattern, with a group for each wildcard."""
    parts = re.split(r"(\{band\}|\{field\}|\*\*|\*|\?)", frames)
    fields = 0
    expression = ""
    for part in parts:
        if part == FIELD:
            expression += "(?P=field)" if fields else "(?P<field>[^/]+)"
            fields += 1
        elif part in WILDCARDS:
            expression += f"({WILDCARDS[part]})"
        else:
            expression += re.escape(part.replace(BAND, band))
    return re.compile(expression)


def _of_table(
    key: str, title: str, table: Path, bands: Sequence[str], hdu: int | str | None
) -> list[FrameFile]:
    names = read_column_names(key, table, COLUMNS)
    wanted = [(key, name) for name in COLUMNS if name == "file" or name in names]
    if len(bands) > 1 and "band" not in names:
        wanted.append((key, "band"))  # refused as any column that is missing
    content = read_table(key, table, wanted)
    files = content.filled("file")
    of_band = content.filled("band") if "band" in names else [bands[0]] * len(files)
    fields = content.text("field") if "field" in names else [""] * len(files)
    units = content.text("hdu") if "hdu" in names else [""] * len(files)
    found = [
        FrameFile(
            path=table.parent / file,
            band=band,
            field=field or _stem(file),
            hdu=(int(unit) if unit.isdecimal() else unit) if unit else hdu,
        )
        for file, band, field, unit in zip(files, of_band, fields, units, strict=True)
        if band in bands
    ]
    missing = [str(each.path) for each in found if not each.path.is_file()]
    if missing:
        raise UserError(
            f"{title}: {counted(len(missing), 'file')} of the table {'is' if len(missing) == 1 else 'are'} missing: "
            f"{listed(missing, 3)}. Correct the column file, whose paths start from the folder of the table."
        )
    if not found:
        raise UserError(
            f"{title} lists no frame of the bands {listed(bands)}, only of {listed(sorted(set(of_band)))}. "
            "Name the bands as in the column band."
        )
    return found


def _stem(name: str) -> str:
    return Path(name).name.partition(".")[0]
