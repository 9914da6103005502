"""Images below a folder: one file each, or one file per band by a pattern of their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from astroclf.data.bands import ImageFiles
from astroclf.data.file_pattern import FilePattern
from astroclf.data.formats.registry import stem_of
from astroclf.data.sources.files import name_ids
from astroclf.data.sources.folder_tree import Tree
from astroclf.settings import sections


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

    def sky_of(self, images: Sequence[str]) -> np.ndarray | None:
        """Return (N, 2) float64 right ascension and declination in degrees, None without such fields."""
        if self.pattern is None or not self.pattern.states_positions:
            return None
        fields = [self.pattern.fields_of(image) for image in images]
        return np.array([(float(each["ra"]), float(each["dec"])) for each in fields])


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
            left_out[path] = pattern.mismatch
        else:
            images[found.image] = None
            present.add(path)
    files = sorted(tuple(image.split("/")) for image in images)
    return ListedImages(Tree(tree.folders, files), left_out, pattern, frozenset(present))
