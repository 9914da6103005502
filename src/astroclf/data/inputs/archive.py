"""Images of a zip archive, whose members are read without being extracted."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np

from astroclf.data.archives import ArchivedFile, files_of, open_archive
from astroclf.data.formats.registry import suffix_reason
from astroclf.data.framing import Framed, Framing
from astroclf.data.inputs.names import FileIds, Names
from astroclf.data.inputs.source import ImageInput, Row
from astroclf.errors import UserError
from astroclf.files import readable_size


class ArchiveInput(ImageInput):
    """Image files of a zip archive, in the order of their names.

    The directory of the archive takes some 0.6 kB of memory a member.
    """

    def __init__(self, title: str, file: Path, framing: Framing, max_bytes: float) -> None:
        self.title, self._framing = title, framing
        self._archive = open_archive(title, file)
        files = files_of(self._archive)
        total = sum(member.file_size for member in self._archive.infolist())
        if total > max_bytes:
            raise UserError(
                f"{title} holds {readable_size(total)} after decompression, over predict.max_gigabytes="
                f"{max_bytes / 1e9:g}. Raise that limit if you trust the archive."
            )
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

    def prepare(self, position: int) -> Framed:
        name = self._names[position]
        names = [name] if self._pattern is None else self._pattern.files_of(name)
        members = [self._members.get(each) for each in names]
        files = [None if each is None else ArchivedFile(self._archive, each) for each in members]
        return self._framing.prepare(files)
