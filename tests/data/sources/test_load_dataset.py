from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.data.sources import load_dataset
from astroclf.errors import UserError


def test_fractions_and_seed_draw_the_split(source_settings: Callable[..., Any]) -> None:
    small = {"n_images": 20, "image_px": 16}
    first = load_dataset(source_settings("simulated", **small))
    assert isinstance(first.images, np.memmap)
    assert Counter(first.split.tolist()) == {"train": 14, "val": 3, "test": 3}
    other = load_dataset(source_settings("simulated", **small, test_fraction=0.0, split_seed=1))
    assert Counter(other.split.tolist()) == {"train": 17, "val": 3}


@pytest.mark.parametrize(
    ("folders", "sizes"),
    [
        (("a", "b"), {"train": 14, "val": 3, "test": 3}),
        (("train/a", "train/b"), {"train": 17, "val": 3}),
        (("train/a", "train/b", "test/a", "test/b"), {"train": 17, "val": 3, "test": 20}),
        (("train/a", "train/b", "valid/a", "valid/b"), {"train": 20, "val": 20}),
    ],
)
def test_splits_missing_in_the_folders_are_drawn(
    tmp_path: Path,
    source_settings: Callable[..., Any],
    write_image: Callable[..., np.ndarray],
    folders: tuple[str, ...],
    sizes: dict[str, int],
) -> None:
    for number, folder in enumerate(folders):
        for seed in range(10):
            write_image(tmp_path / "images" / folder / f"{seed}.png", 10 * number + seed)
    dataset = load_dataset(source_settings("image_folder", root=str(tmp_path / "images")))
    assert Counter(dataset.split.tolist()) == sizes
    assert len(set(dataset.ids.tolist())) == len(dataset)


def test_classes_without_validation_images_are_refused(
    tmp_path: Path, source_settings: Callable[..., Any], write_image: Callable[..., np.ndarray]
) -> None:
    for folder in ("train/a", "train/b", "val/a"):
        write_image(tmp_path / "images" / folder / "1.png")
    with pytest.raises(UserError, match=r"Class b has no image in val \(1 a, 0 b\)"):
        load_dataset(source_settings("image_folder", root=str(tmp_path / "images")))


def test_overlapping_cutouts_are_groups_within_stated_splits(
    tmp_path: Path, source_settings: Callable[..., Any], write_image: Callable[..., np.ndarray]
) -> None:
    """Intervals would otherwise treat them as independent."""
    rows = ["image,label,split,ra,dec"]
    for number in range(8):
        write_image(tmp_path / f"{number}.png", number)
        split, place = ("train", "val")[number >= 4], number // 2
        rows.append(f"{number}.png,{'ab'[number % 2]},{split},{place},{number % 2 / 3600}")
    (tmp_path / "table.csv").write_text("\n".join(rows))
    columns = {"image": "image", "label": "label", "split": "split", "ra": "ra", "dec": "dec"}
    dataset = load_dataset(
        source_settings(
            "catalog",
            table=str(tmp_path / "table.csv"),
            neighbor_arcsec="5",
            **{f"{key}_column": value for key, value in columns.items()},
        )
    )
    assert dataset.groups is not None
    assert [dataset.groups[i] == dataset.groups[i + 1] for i in range(7)] == [True, False] * 3 + [
        True
    ]
