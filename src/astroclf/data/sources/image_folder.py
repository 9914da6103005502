"""Source image_folder: root/<split>/<class>/<image>, or root/<class>/<image>."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from astroclf.data.dataset import TEST, TRAIN, UNASSIGNED, VAL, ImageDataset
from astroclf.data.formats.registry import suffix_reason, suffixes
from astroclf.data.sources.files import read_image_files
from astroclf.data.sources.folder_tree import Parts, Tree, read_tree
from astroclf.data.sources.image_listing import list_images
from astroclf.data.sources.labels import (
    class_name,
    ordered_classes,
    split_name,
    warn_of_ambiguous_splits,
    warn_of_similar_classes,
)
from astroclf.errors import UserError, listed
from astroclf.settings import sections

STATED = (TRAIN, VAL, TEST)

log = logging.getLogger(__name__)


@dataclass
class ClassFolder:
    """Files of one class in one split.

    folder: below the root. files: images at any depth. unread: path -> reason, of other files.
    within: folders of a pattern of files, which are part of an image.
    """

    folder: Parts
    files: list[Parts] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    within: int = 0

    @property
    def nested(self) -> Counter[str]:
        """Number of images in each folder below this one."""
        depth = len(self.folder) + self.within
        return Counter("/".join(f[:-1]) for f in self.files if len(f) > depth + 1)


Folders = Mapping[tuple[str, str], ClassFolder]  # (split, class) -> its files
NameClasses = Callable[[Path, Folders], tuple[str, ...]]


def load(settings: sections.ImageFolder) -> ImageDataset:
    """Return the images of the folders, in the order of their paths within each split.

    Images are uint8 0-255, or float32 counts from files of 16 bits. Classes are the names of the folders
    in train. Images in folders below a class folder are of that class. The split of an image is that of
    its folder (see `labels.split_name`), or "" for class folders without splits. An id is the name of
    the file without extension, or its path below the root if several files have that name. `skipped`
    includes files that are not images.

    Raise UserError for a root that is missing or has no such folders, for a class without images or
    missing in train, for fewer than two classes, and as `files.read_images`.
    """
    return _load(settings, _training_classes, needs_train=True)


def load_labeled(settings: sections.ImageFolder) -> ImageDataset:
    """Return the images for an evaluation alone: there may be no train, and one class only.

    Classes are the names of the folders in all splits. Otherwise as `load`.
    """
    return _load(settings, _all_classes, needs_train=False)


def _load(
    settings: sections.ImageFolder, name_classes: NameClasses, *, needs_train: bool
) -> ImageDataset:
    root = Path(settings.root or "")
    listed_files = list_images(read_tree(root), settings)
    tree = listed_files.tree
    splits = _split_folders(root, tree, needs_train=needs_train)
    found = _class_folders(tree, splits, listed_files.folders)
    outside = _outside(tree, found)
    _check_images(root, found, outside)
    _warn_of_nested(found.values())
    warn_of_ambiguous_splits(splits.values())
    classes = name_classes(root, found)
    names, targets, split = [], [], []
    for (split_of, label), each in found.items():
        names += ["/".join(parts) for parts in each.files]
        targets += [classes.index(label)] * len(each.files)
        split += [split_of] * len(each.files)
    read = read_image_files(listed_files.files_of(root, names), settings)
    sky_deg = listed_files.sky_of(names)
    unread = {path: reason for each in found.values() for path, reason in each.unread.items()}
    return ImageDataset(
        images=read.images,
        targets=np.array(targets, np.int64)[read.kept],
        ids=listed_files.ids_of(names)[read.kept],
        classes=classes,
        split=np.array(split, str)[read.kept],
        pixels=read.pixels,
        framing=read.framing,
        notes=read.notes,
        invalid_share=read.invalid_share,
        sky_deg=None if sky_deg is None else sky_deg[read.kept],
        neighbor_arcsec=0.0 if sky_deg is None else read.width_arcsec,
        skipped={**read.skipped, **unread, **outside, **listed_files.left_out},
    )


def _split_folders(root: Path, tree: Tree, *, needs_train: bool) -> dict[str, str]:
    """Return folder -> split, empty if there are only class folders.

    Beside train, any folder whose subfolders contain images is a split.
    """
    tops = [parts[0] for parts in tree.folders if len(parts) == 1]
    split_of = {top: split_name(top) for top in tops}
    stated = {top: split for top, split in split_of.items() if split in STATED}
    if not stated:
        return {}
    for split in STATED:
        folders = [top for top, name in stated.items() if name == split]
        if split == TRAIN and needs_train and not folders:
            lone = next(iter(stated))
            raise UserError(
                f"dataset.root={root}: there is {lone}/ but no train/. Add it, or rename the folder of the "
                "training images to train."
            )
        if len(folders) > 1:
            raise UserError(
                f"dataset.root={root}: {' and '.join(folders)} are both {split}. Keep one folder for {split}."
            )
    with_classes = {parts[0] for parts in tree.files if len(parts) > 2 and _is_image(parts)}
    return {top: split for top, split in split_of.items() if top in stated or top in with_classes}


def _class_folders(
    tree: Tree, splits: Mapping[str, str], within: int
) -> dict[tuple[str, str], ClassFolder]:
    """Return (split, class) -> its files."""
    depth = 2 if splits else 1
    found: dict[tuple[str, str], ClassFolder] = {}
    for parts in tree.folders:
        if len(parts) == depth and (depth == 1 or parts[0] in splits):
            split = splits[parts[0]] if splits else UNASSIGNED
            found.setdefault((split, class_name(parts[-1])), ClassFolder(parts, within=within))
    for parts in tree.files:
        if len(parts) <= depth or (splits and parts[0] not in splits):
            continue
        split = splits[parts[0]] if splits else UNASSIGNED
        folder = found[split, class_name(parts[depth - 1])]
        reason = suffix_reason(parts[-1])
        if reason is None:
            folder.files.append(parts)
        else:
            folder.unread["/".join(parts)] = reason
    return found


def _outside(tree: Tree, found: Folders) -> dict[str, str]:
    """Return path -> reason for the images outside of class folders."""
    inside = {parts for each in found.values() for parts in each.files}
    unread = {path for each in found.values() for path in each.unread}
    outside = {
        "/".join(parts): "not in a class folder"
        for parts in tree.files
        if parts not in inside and _is_image(parts)
    }
    return {path: reason for path, reason in outside.items() if path not in unread}


def _check_images(root: Path, found: Folders, outside: Mapping[str, str]) -> None:
    """Raise UserError unless each class folder contains images itself, not only in subfolders."""
    if not any(each.files or each.unread for each in found.values()):
        lone = f" {len(outside):,} images are outside of class folders." if outside else ""
        raise UserError(
            f"dataset.root={root}: no images in train/<class>/ or <class>/.{lone} Give a folder with "
            f"{', '.join(suffixes())} files in class folders."
        )
    for each in found.values():
        where = f"Class folder {'/'.join(each.folder)} of dataset.root={root}"
        if not each.files:
            others = _counted(Counter(each.unread.values()))
            raise UserError(
                f"{where} contains no {', '.join(suffixes())} files"
                f"{f', only others: {others}' if others else ''}. Add images, or remove the folder."
            )
        if each.nested.total() == len(each.files):
            raise UserError(
                f"{where} contains no images itself, but {len(each.files):,} in subfolders, "
                f"{_counted(each.nested)}. Move them up; if the folders of the root are splits, "
                "name them train, val and test; if the subfolders are the classes, set "
                f"dataset.root={root.joinpath(*each.folder)}."
            )


def _warn_of_nested(folders: Iterable[ClassFolder]) -> None:
    nested = sum((each.nested for each in folders), Counter())
    if nested:
        log.warning(
            "%s images in subfolders of their class folder are read as that class: %s.",
            f"{nested.total():,}",
            _counted(nested),
        )


def _all_classes(_root: Path, found: Folders) -> tuple[str, ...]:
    return ordered_classes(name for _, name in found)


def _training_classes(root: Path, found: Folders) -> tuple[str, ...]:
    first = TRAIN if any(split == TRAIN for split, _ in found) else UNASSIGNED
    classes = ordered_classes(name for split, name in found if split == first)
    for split, name in found:
        if name not in classes:
            raise UserError(
                f"dataset.root={root}: class {name} is in {split} but not in train, which has "
                f"{listed(classes) or 'none'}. Add training images of it, or remove it."
            )
    if len(classes) < 2:
        raise UserError(
            f"dataset.root={root}: the only class is {classes[0]}. Give a folder of at least two classes."
        )
    warn_of_similar_classes(classes)
    return classes


def _counted(counts: Counter[str]) -> str:
    return listed(f"{name} ({count:,})" for name, count in counts.most_common())


def _is_image(parts: Parts) -> bool:
    return suffix_reason(parts[-1]) is None
