"""Zip archives of image files, whose members are read without being extracted."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Literal

from astroclf.data.formats import BadImage
from astroclf.data.sources.folder_tree import IGNORED
from astroclf.errors import UserError, shortened
from astroclf.files import readable_size

MEMBER_BYTES = 2**29  # of one member after decompression; larger ones are not read
ENCRYPTED = 0x1  # bit of the flags of a member
UNIX = 3  # system of a member whose attributes are a mode


def open_archive(title: str, file: Path) -> zipfile.ZipFile:
    """Return an archive without paths outside of it, links and encrypted members.

    title: key and value of the settings, for messages. Raise UserError for any other file.
    """
    try:
        archive = zipfile.ZipFile(file)
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "truncated, damaged or no zip archive"
        raise UserError(f"{title} cannot be read ({reason}). Give a whole zip archive.") from error
    for member in archive.infolist():
        _require_harmless(title, member)
    return archive


def files_of(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the members that are files, without hidden ones and leftovers of operating systems."""
    return [
        each for each in archive.infolist() if not each.is_dir() and not _is_leftover(each.filename)
    ]


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return the content of a member. Raise BadImage if it is too large or damaged."""
    if member.file_size > MEMBER_BYTES:
        raise BadImage(
            f"{readable_size(member.file_size)}, over the limit of {readable_size(MEMBER_BYTES)}"
        )
    try:
        return archive.read(member)  # of no more bytes than its stated size
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise BadImage("a damaged member of the archive") from error


@dataclass(frozen=True, eq=False)
class ArchivedFile:
    """A member of an archive, which is read as a file is (see `formats.read.ImageFile`)."""

    archive: zipfile.ZipFile
    member: zipfile.ZipInfo

    @property
    def name(self) -> str:
        return PurePosixPath(self.member.filename).name

    def stat(self) -> os.stat_result:
        return os.stat_result((stat.S_IFREG, 0, 0, 1, 0, 0, self.member.file_size, 0, 0, 0))

    def is_symlink(self) -> bool:
        return False

    def read_bytes(self) -> bytes:
        return read_member(self.archive, self.member)

    def open(self, mode: Literal["rb"], /) -> BytesIO:
        return BytesIO(self.read_bytes())


def _require_harmless(title: str, member: zipfile.ZipInfo) -> None:
    name = member.filename.replace("\\", "/")
    shown = shortened(member.filename)
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or (len(name) > 1 and name[1] == ":"):
        fault = f"a member with a path outside of it, {shown}"
    elif member.create_system == UNIX and stat.S_ISLNK(member.external_attr >> 16):
        fault = f"a link, {shown}"
    elif member.flag_bits & ENCRYPTED:
        fault = f"an encrypted member, {shown}"
    else:
        return
    raise UserError(f"{title} holds {fault}. Give an archive of plain image files.")


def _is_leftover(name: str) -> bool:
    return any(part.startswith(".") or part.lower() in IGNORED for part in name.split("/"))
