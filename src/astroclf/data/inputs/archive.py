"""Images of a zip archive, whose members are read without being extracted."""

from __future__ import annotations

import hashlib
import stat
import zipfile
import zlib
from collections import Counter
from pathlib import Path, PurePosixPath

import numpy as np

from astroclf.data.formats import BadImage
from astroclf.data.formats.registry import suffix_reason
from astroclf.data.framing import Framing
from astroclf.data.inputs.names import FileIds, Names
from astroclf.data.inputs.source import ImageInput, Row
from astroclf.data.sources.folder_tree import IGNORED
from astroclf.errors import UserError, shortened
from astroclf.files import readable_size

MEMBER_BYTES = 2**29  # of one member after decompression; larger ones are not read
ENCRYPTED = 0x1  # bit of the flags of a member
UNIX = 3  # system of a member whose attributes are a mode


class ArchiveInput(ImageInput):
    """Image files of a zip archive, in the order of their names.

    The directory of the archive takes some 0.6 kB of memory a member.
    """

    def __init__(self, title: str, file: Path, framing: Framing, max_bytes: float) -> None:
        self.title, self._framing = title, framing
        try:
            self._archive = zipfile.ZipFile(file)
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "truncated, damaged or no zip archive"
            raise UserError(
                f"{title} cannot be read ({reason}). Give a whole zip archive."
            ) from error
        members = self._archive.infolist()
        for member in members:
            self._require_harmless(member)
        total = sum(member.file_size for member in members)
        if total > max_bytes:
            raise UserError(
                f"{title} holds {readable_size(total)} after decompression, over predict.max_gigabytes="
                f"{max_bytes / 1e9:g}. Raise that limit if you trust the archive."
            )
        files = [each for each in members if not each.is_dir() and not _is_leftover(each.filename)]
        reasons = [suffix_reason(each.filename) for each in files]
        self.left_out = dict(Counter(reason for reason in reasons if reason is not None))
        kept = [each for each, reason in zip(files, reasons, strict=True) if reason is None]
        self._members = {
            str(Path(each.filename)): each for each in sorted(kept, key=lambda each: each.filename)
        }
        self._list_images()

    def _list_images(self) -> None:
        self._pattern = self._framing.file_pattern
        if self._pattern is None:
            self._names = Names(self._members)
            self._ids = FileIds(self._names)
        else:
            left_out = Counter(self.left_out)
            self._names = Names(self._pattern.images_among(self._members, left_out))
            self._ids = FileIds(self._names, self._pattern.id_of)
            self.left_out = dict(left_out)

    def __len__(self) -> int:
        return len(self._names)

    def fingerprint(self) -> str:
        facts = [(each.CRC, each.file_size) for each in self._members.values()]
        content = self._names.digest() + np.array(facts, np.int64).tobytes()
        return hashlib.blake2b(content, digest_size=16).hexdigest()

    def row(self, position: int) -> Row:
        return Row(self._ids[position], self._names[position])

    def image(self, position: int) -> np.ndarray:
        name = self._names[position]
        files = [name] if self._pattern is None else self._pattern.files_of(name)
        return self._framing.read(
            [Path(file) if file in self._members else None for file in files], self._load
        )

    def _load(self, file: Path) -> bytes:
        member = self._members[str(file)]
        if member.file_size > MEMBER_BYTES:
            raise BadImage(
                f"{readable_size(member.file_size)}, over the limit of {readable_size(MEMBER_BYTES)}"
            )
        try:
            return self._archive.read(member)  # of no more bytes than its stated size
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise BadImage("a damaged member of the archive") from error

    def _require_harmless(self, member: zipfile.ZipInfo) -> None:
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
        raise UserError(f"{self.title} holds {fault}. Give an archive of plain image files.")


def _is_leftover(name: str) -> bool:
    """Return whether a member is hidden or a leftover of an operating system."""
    return any(part.startswith(".") or part.lower() in IGNORED for part in name.split("/"))
