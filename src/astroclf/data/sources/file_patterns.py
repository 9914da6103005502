"""Patterns of the names of files with one band each, such as stamp-{band}-{id}.fits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from astroclf.data.bands import ImageFiles
from astroclf.data.formats.registry import stem_of
from astroclf.data.sources.files import name_ids
from astroclf.data.sources.folder_tree import Tree
from astroclf.settings import sections
from astroclf.settings.sections.dataset.file_pattern import BAND, FIELD

# Of each field in a path; any other field is a text without slashes.
NUMBER = r"[+-]?\d+(?:\.\d+)?"
FIELD_FORMS = {"ra": NUMBER, "dec": NUMBER}
PLACE = f"{{{BAND}}}"  # of the band in the name of an image


@dataclass(frozen=True)
class BandFile:
    """File of one band. image: its path with {band} in place of the band, the same for all bands of an
    image. fields: name -> text, without the band."""

    image: str
    band: str
    fields: Mapping[str, str]

    @property
    def id(self) -> str:
        return "_".join(self.fields.values())


@dataclass(frozen=True)
class FilePattern:
    """Pattern of the last parts of a path. bands: names that {band} may have, in order."""

    text: str
    bands: tuple[str, ...]

    @property
    def folders(self) -> int:
        """Number of folders in the pattern."""
        return self.text.count("/")

    @cached_property
    def _parts(self) -> list[str]:
        """Literal texts at even positions, names of fields at odd ones."""
        return FIELD.split(self.text)

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        longest_first = sorted(self.bands, key=len, reverse=True)
        forms = {**FIELD_FORMS, BAND: "|".join(map(re.escape, longest_first))}
        seen: set[str] = set()
        expression = "(?P<above>(?:.*/)?)"
        for position, part in enumerate(self._parts):
            if position % 2 == 0:
                expression += re.escape(part)
            elif part in seen:
                expression += f"(?P={part})"
            else:
                expression += f"(?P<{part}>{forms.get(part, '[^/]+')})"
                seen.add(part)
        return re.compile(expression)

    def match(self, path: str) -> BandFile | None:
        """Return the image and the band of a file, None if its path is not of the pattern."""
        found = self._expression.fullmatch(path)
        if found is None:
            return None
        fields = found.groupdict()
        above, band = fields.pop("above"), fields[BAND]
        texts = {**fields, BAND: PLACE}
        parts = [each if i % 2 == 0 else texts[each] for i, each in enumerate(self._parts)]
        return BandFile(
            above + "".join(parts), band, {k: v for k, v in fields.items() if k != BAND}
        )

    def id_of(self, image: str) -> str:
        """Return the id of an image: its fields other than the band, joined by underscores."""
        found = self.match(image.replace(PLACE, self.bands[0]))
        return image if found is None else found.id

    def files_of(self, image: str) -> list[str]:
        """Return the path of each band of an image, whether there is such a file or not."""
        return [image.replace(PLACE, band) for band in self.bands]


@dataclass(frozen=True)
class ListedImages:
    """Images below a folder.

    tree: with one path per image; that of files with one band each has {band} in its place. left_out:
    path -> reason, of files that are not of the pattern. pattern: None for images of one file.
    present: the paths of the files with one band.
    """

    tree: Tree
    left_out: Mapping[str, str] = field(default_factory=dict)
    pattern: FilePattern | None = None
    present: frozenset[str] = frozenset()

    @property
    def folders(self) -> int:
        """Number of folders that are part of the name of an image."""
        return 0 if self.pattern is None else self.pattern.folders

    def files_of(self, root: Path, images: Sequence[str]) -> list[ImageFiles]:
        """Return the files of images, None for bands without a file."""
        if self.pattern is None:
            return [ImageFiles(image, (root / image,)) for image in images]
        return [
            ImageFiles(image, tuple(map(partial(self._file, root), self.pattern.files_of(image))))
            for image in images
        ]

    def _file(self, root: Path, path: str) -> Path | None:
        return root / path if path in self.present else None

    def ids_of(self, images: Sequence[str]) -> np.ndarray:
        """Return (N,) str: the ids of images, or their paths where several have that id."""
        return name_ids(images, stem_of if self.pattern is None else self.pattern.id_of)


def list_images(tree: Tree, settings: sections.ImageFolder) -> ListedImages:
    """Return the images of a tree of files, by the pattern of the settings if there is one."""
    if settings.pattern is None:
        return ListedImages(tree)
    pattern = FilePattern(settings.pattern, settings.band_names or ())
    images: dict[str, None] = {}
    left_out, present = {}, set()
    for path in map("/".join, tree.files):
        found = pattern.match(path)
        if found is None:
            left_out[path] = f"not of dataset.pattern={settings.pattern}"
        else:
            images[found.image] = None
            present.add(path)
    files = sorted(tuple(image.split("/")) for image in images)
    return ListedImages(Tree(tree.folders, files), left_out, pattern, frozenset(present))
