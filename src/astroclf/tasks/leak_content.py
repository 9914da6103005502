"""Leaks between splits for pages: their numbers, and the images of the first ones side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from astroclf.data.audit.leaks import NOUNS, Leak, find_leaks
from astroclf.data.dataset import ImageDataset
from astroclf.errors import counted
from astroclf.reports.pictures import Gallery, LeakContent, Table
from astroclf.tasks.pictures import pictures_of

LEAKS_SHOWN = 12  # of each kind
IMAGES_OF_LEAK = 4


def leak_content(dataset: ImageDataset) -> LeakContent:
    """Return the number of leaks of each kind, and galleries of the first ones."""
    leaks = find_leaks(dataset)
    return LeakContent(leak_table(leaks), leak_galleries(dataset, leaks))


def leak_table(leaks: Sequence[Leak]) -> Table:
    """Return the number of leaks of each kind, and of the images in them."""
    rows = []
    for what, (_, many) in NOUNS.items():
        of_kind = [leak for leak in leaks if leak.what == what]
        images = {identity for leak in of_kind for identity in leak.ids}
        rows.append([many, f"{len(of_kind):,}", f"{len(images):,}"])
    return Table("Leaks of each kind", ["kind", "found", "images in them"], rows)


def leak_galleries(dataset: ImageDataset, leaks: Sequence[Leak]) -> list[Gallery]:
    """Return the first leaks of each kind, the images of one leak beside each other."""
    position_of = {name: i for i, name in enumerate(dataset.ids.tolist())}
    galleries = []
    for what, (one, many) in NOUNS.items():
        of_kind = [leak for leak in leaks if leak.what == what]
        for leak in of_kind[:LEAKS_SHOWN]:
            members = np.array([position_of[each] for each in across_splits(leak)])
            title = f"{one}, {counted(len(leak.ids), 'image')}"
            galleries.append(Gallery(title, "", pictures_of(dataset, members)))
        if len(of_kind) > LEAKS_SHOWN:
            note = f"{LEAKS_SHOWN} of {len(of_kind):,} {many}; all are in leaks.csv"
            galleries.append(Gallery("", note, []))
    return galleries


def across_splits(leak: Leak) -> list[str]:
    """Return a few ids of a leak, one of each split first."""
    first = {split: name for name, split in zip(leak.ids[::-1], leak.splits[::-1], strict=True)}
    others = [name for name in leak.ids if name not in first.values()]
    return [*first.values(), *others][:IMAGES_OF_LEAK]
