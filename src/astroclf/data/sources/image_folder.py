"""Images in folders: root/<split>/<class>/<image>, or root/<class>/<image>."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from astroclf.data.dataset import TEST, TRAIN, UNASSIGNED, VAL, ImageDataset
from astroclf.data.formats.kinds import EXTENSIONS
from astroclf.data.sources.files import name_ids, read_images
from astroclf.data.sources.labels import ordered_classes, split_name, warn_of_look_alikes
from astroclf.errors import UserError
from astroclf.settings import sections

Layout = dict[str, dict[str, list[str]]]  # split -> class -> files, relative to the root


def load(settings: sections.ImageFolder) -> ImageDataset:
    """The images of the folders, in the order of their paths within each split.

    Images are uint8 0-255, or float32 counts from files of 16 bits. Classes are the folders in
    train, by name. The split of an image is its folder's (see `labels.split_name`), or ""
    where there are class folders alone. An id is the name of the file without its extension, or its
    path below the root where several files have that name.

    Raises UserError for a root that is missing or holds no such folders, for a class without
    images or that train does not have, for fewer than two classes, and as `files.read_images`.
    """
    root = Path(settings.root or "").expanduser()
    layout = _find_layout(root)
    classes = _classes(root, layout)
    names, targets, splits = [], [], []
    for split, class_files in layout.items():
        for name, files in class_files.items():
            names += files
            targets += [classes.index(name)] * len(files)
            splits += [split] * len(files)
    read = read_images(root, names, settings)
    return ImageDataset(
        images=read.images,
        targets=np.array(targets, np.int64)[read.kept],
        ids=name_ids(names)[read.kept],
        classes=classes,
        split=np.array(splits, str)[read.kept],
        pixels=read.pixels,
        skipped=read.skipped,
    )


def _find_layout(root: Path) -> Layout:
    if not root.is_dir():
        raise UserError(f"dataset.root={root} is not a folder: give the one that holds the images.")
    split_of = {name: split_name(name) for name in _subfolders(root)}
    stated = [name for name, split in split_of.items() if split in (TRAIN, VAL, TEST)]
    if not stated:
        layout = {UNASSIGNED: _class_files(root, root)}
    else:
        _check_stated(root, {name: split_of[name] for name in stated})
        layout = {
            split: _class_files(root, root / name)
            for name, split in split_of.items()
            if name in stated or _holds_classes(root / name)
        }
    if not any(layout.values()):
        raise UserError(
            f"dataset.root={root} holds no images: looked for train/<class>/ and <class>/ with "
            f"{', '.join(EXTENSIONS)} files."
        )
    return layout


def _check_stated(root: Path, split_of: dict[str, str]) -> None:
    """Raise UserError unless there is a folder for train and one folder for each split."""
    for split in (TRAIN, VAL, TEST):
        folders = [name for name, stated in split_of.items() if stated == split]
        if split == TRAIN and not folders:
            lone = next(iter(split_of))
            raise UserError(f"dataset.root={root} holds {lone}/ but no train/: add it.")
        if len(folders) > 1:
            raise UserError(
                f"dataset.root={root} holds both {' and '.join(folders)}: keep one folder for {split}."
            )


def _classes(root: Path, layout: Layout) -> tuple[str, ...]:
    first = next(split for split in (TRAIN, UNASSIGNED) if split in layout)
    classes = ordered_classes(layout[first])
    warn_of_look_alikes(classes)
    for split, class_files in layout.items():
        for name, files in class_files.items():
            if not files:
                where = f"{split}/{name}" if split else name
                raise UserError(
                    f"Class folder {where} of dataset.root={root} holds no {', '.join(EXTENSIONS)} files: "
                    "fill it, or remove it."
                )
            if name not in classes:
                raise UserError(
                    f"Class {name} of dataset.root={root} is in {split} but not in train, which has "
                    f"{', '.join(classes) or 'none'}: every class needs images to train on."
                )
    if len(classes) < 2:
        raise UserError(
            f"dataset.root={root} has one class, {classes[0]}: there must be two to tell apart."
        )
    return classes


def _class_files(root: Path, folder: Path) -> dict[str, list[str]]:
    """Class -> its images, as paths below the root."""
    return {
        name: [str(file.relative_to(root)) for file in _image_files(folder / name)]
        for name in _subfolders(folder)
    }


def _holds_classes(folder: Path) -> bool:
    return any(_image_files(folder / name) for name in _subfolders(folder))


def _subfolders(folder: Path) -> list[str]:
    return sorted(
        entry.name
        for entry in folder.iterdir()
        if not entry.name.startswith(".") and entry.is_dir()
    )


def _image_files(folder: Path) -> list[Path]:
    return sorted(
        entry
        for entry in folder.iterdir()
        if not entry.name.startswith(".") and entry.name.lower().endswith(EXTENSIONS)
    )
